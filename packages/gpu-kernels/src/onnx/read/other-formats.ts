/** Files that are given in place of an ONNX file, by how they begin. No message of ONNX begins so. */

const text = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

const exported = 'Export the network as ONNX first';

const formats: readonly [name: string, cure: string, begins: (bytes: Uint8Array) => boolean][] = [
  [
    'a pointer of Git LFS',
    'Fetch the file itself with `git lfs pull`',
    (bytes) => text(bytes, 0, 24) === 'version https://git-lfs.',
  ],
  ['a web page', 'Download the file itself', (bytes) => /^\s*<(!doctype|html)/i.test(text(bytes, 0, 32))],
  ['a zip archive, as checkpoints of PyTorch are', exported, (bytes) => text(bytes, 0, 4) === 'PK\u0003\u0004'],
  ['a pickle, as old checkpoints of PyTorch are', exported, ([a, b]) => a === 0x80 && b !== undefined && b >= 2 && b <= 5],
  [
    'a file of safetensors',
    exported,
    (bytes) => bytes[8] === 0x7b && text(bytes, 4, 8) === '\u0000\u0000\u0000\u0000' && /^\{\s*"/.test(text(bytes, 8, 16)),
  ],
  ['HDF5, as Keras writes it', exported, (bytes) => text(bytes, 1, 4) === 'HDF'],
  ['TensorFlow Lite', exported, (bytes) => text(bytes, 4, 8) === 'TFL3'],
  ["onnxruntime's own format", 'Give the ONNX file that it was made from', (bytes) => text(bytes, 4, 8) === 'ORTM'],
  ['GGUF', exported, (bytes) => text(bytes, 0, 4) === 'GGUF'],
];

/** What the bytes are instead, and what to do; undefined where they may be ONNX. */
export function otherFormat(bytes: Uint8Array): string | undefined {
  const found = formats.find(([, , begins]) => begins(bytes));
  return found && `it is ${found[0]}. ${found[1]}.`;
}

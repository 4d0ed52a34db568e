/** `@diptych/gpu-kernels/onnx`: looking into ONNX files. Apart from the main entry, which loads the importer only when a network comes as ONNX. */
import type { inspectOnnx as Inspect } from './inspect-onnx.ts';

export type { ReadExternal } from './external-data.ts';
export type { OnnxReport } from './inspect-onnx.ts';
export { openOnnxFile } from './open-onnx-file.ts';

/** See `inspect-onnx.ts`, which knows all ops: who only opens a file does not load it. */
export const inspectOnnx: typeof Inspect = async (bytes, options) =>
  (await import('./inspect-onnx.ts')).inspectOnnx(bytes, options);

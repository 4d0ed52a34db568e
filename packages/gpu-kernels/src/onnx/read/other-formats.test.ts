import { describe, expect, it } from 'vitest';
import { readOnnxModel } from './read-onnx-model.ts';

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : part.split('').map((c) => c.charCodeAt(0)))));

describe('a file in place of an ONNX file', () => {
  it.each([
    ['Git LFS', bytes('version https://git-lfs.github.com/spec/v1\noid sha256:00\n'), 'git lfs pull'],
    ['a web page', bytes('\n<!DOCTYPE html><html>'), 'Download the file'],
    ['PyTorch', bytes('PK', 3, 4, 20, 0), 'Export the network'],
    ['old checkpoints', bytes(0x80, 2, 0x8a, 10), 'Export the network'],
    ['safetensors', bytes(0x60, 0, 0, 0, 0, 0, 0, 0, '{"a":{}}'), 'Export the network'],
    ['HDF5', bytes(0x89, 'HDF', 13, 10), 'Export the network'],
    ['TensorFlow Lite', bytes(0x1c, 0, 0, 0, 'TFL3'), 'Export the network'],
    ['onnxruntime', bytes(0x1c, 0, 0, 0, 'ORTM'), 'made from'],
    ['GGUF', bytes('GGUF', 3, 0, 0, 0), 'Export the network'],
  ])('is told by name: %s', (name, content, cure) => {
    expect(() => readOnnxModel(content)).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining(name) }),
    );
    expect(() => readOnnxModel(content)).toThrow(cure);
  });
});

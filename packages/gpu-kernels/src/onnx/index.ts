/** `@diptych/gpu-kernels/onnx`: looking into ONNX files. Apart from the main entry, which loads the importer only when a network comes as ONNX. */
export type { ReadExternal } from './external-data.ts';
export { inspectOnnx, type OnnxReport } from './inspect-onnx.ts';
export { openOnnxFile } from './open-onnx-file.ts';

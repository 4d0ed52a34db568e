/**
 * TensorFlow's `ResizeBilinear` with align_corners, in float32 and without antialiasing: the corner pixels of input and
 * output coincide. Definition: TensorFlow core/kernels/image/resize_bilinear_op.cc and `tf.image.resizeBilinear`.
 */
import type { Pixels } from './pixels.ts';

export interface LinearTable {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  /** Weight of `upper`, float32. */
  readonly fraction: Float32Array;
}

/** Along one dimension: output index i reads at i · (in − 1) / (out − 1), float32; an output of one pixel reads input 0. */
export function alignCornersTable(inputSize: number, outputSize: number): LinearTable {
  const scale = outputSize > 1 ? Math.fround((inputSize - 1) / (outputSize - 1)) : 0;
  const table = {
    lower: new Int32Array(outputSize),
    upper: new Int32Array(outputSize),
    fraction: new Float32Array(outputSize),
  };
  for (let index = 0; index < outputSize; index++) {
    const position = Math.fround(index * scale);
    table.lower[index] = Math.min(inputSize - 1, Math.floor(position));
    table.upper[index] = Math.min(inputSize - 1, Math.ceil(position));
    table.fraction[index] = position - table.lower[index]!;
  }
  return table;
}

export function tensorflowResize(
  { width, height, data }: Pixels,
  outputWidth: number,
  outputHeight: number,
): Pixels<Float32Array> {
  const [columns, rows] = [alignCornersTable(width, outputWidth), alignCornersTable(height, outputHeight)];
  const output = new Float32Array(outputWidth * outputHeight * 3);
  let to = 0;
  for (let y = 0; y < outputHeight; y++) {
    const [top, bottom] = [rows.lower[y]! * width, rows.upper[y]! * width];
    for (let x = 0; x < outputWidth; x++) {
      const [left, right] = [columns.lower[x]!, columns.upper[x]!];
      for (let channel = 0; channel < 3; channel++) {
        const at = (row: number, column: number): number => data[(row + column) * 3 + channel]!;
        const above = lerp(at(top, left), at(top, right), columns.fraction[x]!);
        const below = lerp(at(bottom, left), at(bottom, right), columns.fraction[x]!);
        output[to++] = lerp(above, below, rows.fraction[y]!);
      }
    }
  }
  return { width: outputWidth, height: outputHeight, data: output };
}

/** In float32 with a rounding after each operation, as the definition computes it. */
const lerp = (from: number, to: number, fraction: number): number =>
  Math.fround(from + Math.fround(Math.fround(to - from) * fraction));

/** Weights as the half-precision product wants them. */
import { DiptychError } from '@diptych/plugin-kit/runtime';
import type { HalfMatrix } from '../../kernels/kernel.ts';

/** Largest number that float16 holds. */
const largest = 65504;

export const halfMatrixKey = ({ weight, paddedRows, paddedColumns }: HalfMatrix): string =>
  `${weight} as ${paddedRows}x${paddedColumns} halves`;

/** Row by row in float16, those of the parts after each other, zeros behind each row and behind the last. A number beyond float16 is refused, not made infinite. */
export function halfMatrix(
  { weight, rows, columns, paddedRows, paddedColumns }: HalfMatrix,
  parts: readonly Float32Array[],
): Uint16Array<ArrayBuffer> {
  const halves = new Float16Array(paddedRows * paddedColumns);
  const sources = parts.flatMap((part) => Array.from({ length: part.length / columns }, (_, row) => part.subarray(row * columns, (row + 1) * columns))); // biome-ignore format: one list
  for (let row = 0; row < rows; row++) halves.set(sources[row]!, row * paddedColumns);
  const beyond = parts.map((part) => part.find((value) => Math.abs(value) > largest)).find((value) => value !== undefined);
  if (beyond === undefined) return new Uint16Array(halves.buffer); // Dawn for Node knows no Float16Array and dies of it
  throw new DiptychError(
    'OP_UNSUPPORTED',
    `Weight "${weight}" holds ${beyond}, which float16 cannot: its numbers end at ${largest}. Load the network with precision f32.`,
  );
}

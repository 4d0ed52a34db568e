/** Noise of a few large cells, enlarged: numbers that vary as slowly as in photographs, with wide areas and few edges. */
import { randomNumbers } from '../kernels/case.ts';

/** Three cells across: a layer's sums of many alike numbers are far from 0, as those of noise by the pixel are not. */
const cells = 3;

/** `[height, width, channels]` from −1 to 1, the same on every machine. */
export function smoothNoise(width: number, height: number, channels: number, seed: number): Float32Array {
  const corners = cells + 1;
  const lattice = randomNumbers(corners * corners * channels, seed);
  const data = new Float32Array(height * width * channels);
  const between = (a: number, b: number, share: number): number => a + (b - a) * share;
  for (let y = 0; y < height; y++) {
    const [row, down] = place(y, height);
    for (let x = 0; x < width; x++) {
      const [column, right] = place(x, width);
      for (let c = 0; c < channels; c++) {
        const corner = (dy: number, dx: number): number => lattice[((row + dy) * corners + column + dx) * channels + c]!;
        const above = between(corner(0, 0), corner(0, 1), right);
        const below = between(corner(1, 0), corner(1, 1), right);
        data[(y * width + x) * channels + c] = between(above, below, down);
      }
    }
  }
  return data;
}

/** Cell of a pixel, and how far it is into that. */
function place(at: number, size: number): [cell: number, share: number] {
  const exact = (at / size) * cells;
  return [Math.floor(exact), exact % 1];
}

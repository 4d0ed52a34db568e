/** For tests: how far the wave of a given period stands out of the noise around its frequency. */
import type { RasterImage } from '@diptych/plugin-kit';

/** Magnitude of one frequency along x, in cycles for the whole width, summed over the rows above the caption. */
function magnitude({ width, height, data }: RasterImage, cycles: number): number {
  let [real, imaginary] = [0, 0];
  for (let x = 0; x < width; x++) {
    let column = 0;
    for (let y = 0; y < height * 0.9; y++) column += data[(y * width + x) * 3 + 1]!;
    real += column * Math.cos((2 * Math.PI * cycles * x) / width);
    imaginary += column * Math.sin((2 * Math.PI * cycles * x) / width);
  }
  return Math.hypot(real, imaginary);
}

/** Ratio to the mean of eight neighbouring frequencies; about 1 without a trace. */
export function traceStrength(picture: RasterImage, period: number): number {
  const cycles = picture.width / period;
  const around = [-5, -4, -3, -2, 2, 3, 4, 5].map((offset) => magnitude(picture, cycles + offset));
  return magnitude(picture, cycles) / (around.reduce((a, b) => a + b, 0) / around.length);
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Tables of linear transforms along an axis, in float64 until they are stored as float32. */
import { padMap } from './axis-maps.ts';
import { RecipeFault } from './geometry.ts';
import type { Taps } from './stages.ts';

/** The table of a side has its square of entries, 64 MB here, and a row of it is summed for every pixel. */
const longestDct = 4096;

/** Throws `RecipeFault` for a side whose table would be too large. */
export function checkDct(length: number): void {
  if (length > longestDct)
    throw new RecipeFault(
      `"dct" takes sides of at most ${longestDct} pixels, got ${length}; put a crop or a resize before it`,
    );
}

/** Orthonormal DCT-II: output k is sqrt(2 / n) · (k = 0 ? sqrt ½ : 1) · Σ x[i] cos(π (2i + 1) k / 2n). */
export function dctTaps(length: number): Taps<Float32Array> {
  checkDct(length);
  // All angles are one of 4 length; the table has length² entries.
  const cosines = Float64Array.from({ length: 4 * length }, (_, angle) => Math.cos((Math.PI * angle) / (2 * length)));
  const weights = new Float32Array(length * length);
  for (let k = 0; k < length; k++) {
    const scale = Math.sqrt((k === 0 ? 1 : 2) / length);
    for (let i = 0; i < length; i++) weights[k * length + i] = scale * cosines[((2 * i + 1) * k) % (4 * length)]!;
  }
  return { stride: length, starts: new Int32Array(length), counts: new Int32Array(length).fill(length), weights };
}

/** Taps of rows of weights around each output's place, edges mirrored with the edge itself. */
function mirrored(
  input: number,
  output: number,
  row: readonly number[],
  firstOf: (index: number) => number,
): Taps<Float32Array> {
  const map = padMap(input, row.length + 1, row.length + 1, 'symmetric');
  const rows = Array.from({ length: output }, (_, index) => {
    const sums = new Map<number, number>();
    for (const [i, weight] of row.entries()) {
      const at = map[firstOf(index) + i + row.length + 1]!;
      sums.set(at, (sums.get(at) ?? 0) + weight);
    }
    const first = Math.min(...sums.keys());
    const count = Math.max(...sums.keys()) - first + 1;
    return { first, weights: Array.from({ length: count }, (_, i) => sums.get(first + i) ?? 0) };
  });
  const stride = Math.max(...rows.map(({ weights }) => weights.length));
  const weights = new Float32Array(output * stride);
  for (const [index, { weights: found }] of rows.entries()) weights.set(found, index * stride);
  const counts = Int32Array.from(rows, (found) => found.weights.length);
  return { stride, starts: Int32Array.from(rows, ({ first }) => first), counts, weights };
}

/** bior1.3's analysis high-pass is Haar's: output k is (x[2k − 2] − x[2k − 1]) / √2 (A. Cohen, I. Daubechies, J.-C. Feauveau, 1992; PyWavelets' phase). */
export const haarHighTaps = (length: number): Taps<Float32Array> =>
  mirrored(length, Math.floor((length + 5) / 2), [Math.SQRT1_2, -Math.SQRT1_2], (index) => 2 * index - 2);

/** SciPy's `gaussian_filter1d`: radius int(4 sigma + ½), weights normalised. */
export function gaussianTaps(length: number, sigma: number): Taps<Float32Array> {
  const radius = Math.trunc(4 * sigma + 0.5);
  const row = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const sum = row.reduce((total, weight) => total + weight, 0);
  return mirrored(length, length, row.map((weight) => weight / sum), (index) => index - radius); // biome-ignore format: one call
}

/** The same in 22-bit fixed point, for bytes. */
export function fixedTaps({ weights, ...rest }: Taps<Float32Array>): Taps<Int32Array> {
  return { ...rest, weights: Int32Array.from(weights, (weight) => Math.floor(weight * 2 ** 22 + 0.5)) };
}

/** Linear interpolation at `output` points from the first to the last input. */
export function interpolationTaps(input: number, output: number): Taps<Float32Array> {
  const taps = {
    stride: 2,
    starts: new Int32Array(output),
    counts: new Int32Array(output),
    weights: new Float32Array(output * 2),
  };
  for (let index = 0; index < output; index++) {
    const position = output === 1 ? 0 : (index * (input - 1)) / (output - 1);
    const first = Math.max(0, Math.min(input - 2, Math.floor(position)));
    taps.starts[index] = first;
    taps.counts[index] = Math.min(2, input);
    taps.weights.set([1 - (position - first), position - first], index * 2);
  }
  return taps;
}

/** Pixels by ring: floor(distance to the middle). */
export function rings(width: number, height: number): { readonly starts: Int32Array; readonly places: Int32Array } {
  const [centreX, centreY] = [width >> 1, height >> 1];
  const ringOf = (at: number): number =>
    Math.floor(Math.sqrt(((at % width) - centreX) ** 2 + (Math.floor(at / width) - centreY) ** 2));
  const byRing: number[][] = [];
  for (let at = 0; at < width * height; at++) {
    const ring = ringOf(at);
    byRing[ring] ??= [];
    byRing[ring].push(at);
  }
  const filled = Array.from(byRing, (ring) => ring ?? []).filter((ring) => ring.length > 0);
  const starts = new Int32Array(filled.length + 1);
  for (const [index, ring] of filled.entries()) starts[index + 1] = starts[index]! + ring.length;
  return { starts, places: Int32Array.from(filled.flat()) };
}

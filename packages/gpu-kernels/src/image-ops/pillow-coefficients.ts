/**
 * Coefficient tables of Pillow's 8-bit resampling (documented behaviour of `Image.resize`, src/libImaging/Resample.c of
 * Pillow 2.7 and later). The table is the whole difference between filters; applying it is integer arithmetic, equal on
 * every backend. Verified to the bit against Pillow in `goldens/image-ops`.
 */
import type { Taps } from './stages.ts';

/** Bits of the fraction: 32 minus 8 for the sample minus 2 for overshoot. */
export const precisionBits = 22;

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));
const box = (x: number): number => (x > -0.5 && x <= 0.5 ? 1 : 0);
const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** Pillow's constants here are float32. */
const [base, swing] = [Math.fround(0.54), Math.fround(0.46)];

function hamming(x: number): number {
  const t = Math.abs(x) * Math.PI;
  if (t === 0) return 1;
  return Math.abs(x) >= 1 ? 0 : (Math.sin(t) / t) * (base + swing * Math.cos(t));
}

/** Keys' cubic convolution with a = −0.5 (R. G. Keys, 1981). */
export function cubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

const lanczos = (x: number): number => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0);

const kernels = {
  'pillow-box': { kernel: box, support: 0.5 },
  'pillow-bilinear': { kernel: triangle, support: 1 },
  'pillow-hamming': { kernel: hamming, support: 1 },
  'pillow-bicubic': { kernel: cubic, support: 2 },
  'pillow-lanczos': { kernel: lanczos, support: 3 },
};
export type PillowFilter = keyof typeof kernels;

/**
 * For the outputs `start … start + length` of an axis. Output i has its centre at (i + ½) · scale; the support grows with
 * the scale when shrinking (antialiasing), never shrinks.
 */
export function pillowCoefficients(
  inputSize: number,
  outputSize: number,
  filter: PillowFilter,
  start = 0,
  length = outputSize,
): Taps<Int32Array> {
  const { kernel, support: unitSupport } = kernels[filter];
  const scale = inputSize / outputSize;
  const filterScale = Math.max(1, scale);
  const support = unitSupport * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const [starts, counts] = [new Int32Array(length), new Int32Array(length)];
  const weights = new Int32Array(length * stride);
  const inverse = 1 / filterScale;
  const row = new Float64Array(stride);
  for (let index = 0; index < length; index++) {
    const centre = (index + start + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      row[i] = kernel((i + first - centre + 0.5) * inverse);
      sum += row[i]!;
    }
    for (let i = 0; i < count; i++) {
      const weight = (sum === 0 ? row[i]! : row[i]! / sum) * 2 ** precisionBits;
      weights[index * stride + i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5); // half away from zero
    }
    starts[index] = first;
    counts[index] = count;
  }
  return { stride, starts, counts, weights };
}

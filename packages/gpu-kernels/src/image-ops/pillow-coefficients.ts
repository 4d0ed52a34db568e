/**
 * Coefficient tables of Pillow's 8-bit resampling (documented behaviour of `Image.resize`, src/libImaging/Resample.c of
 * Pillow 2.7 and later). The table is the whole difference between filters; applying it is integer arithmetic, equal on
 * every backend. Verified to the bit against Pillow in `goldens/image-ops`.
 */

export type PillowFilter = 'pillow-bilinear' | 'pillow-bicubic';

/** Bits of the fraction: 32 minus 8 for the sample minus 2 for overshoot. */
export const precisionBits = 22;

export interface Coefficients {
  /** Entries a row of `weights`; rows shorter than that end in zeros. */
  readonly stride: number;
  /** First input index of each output index. */
  readonly starts: Int32Array;
  /** Number of inputs of each output index. */
  readonly counts: Int32Array;
  /** Fixed-point weights, `stride` for each output index. */
  readonly weights: Int32Array;
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));

/** Keys' cubic convolution with a = −0.5 (R. G. Keys, 1981). */
function cubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

const filters = { 'pillow-bilinear': { kernel: triangle, support: 1 }, 'pillow-bicubic': { kernel: cubic, support: 2 } };

/** For output index i: centre (i + ½) · scale; the support grows with the scale when shrinking (antialiasing), never shrinks. */
export function pillowCoefficients(inputSize: number, outputSize: number, filter: PillowFilter): Coefficients {
  const { kernel, support: unitSupport } = filters[filter];
  const scale = inputSize / outputSize;
  const filterScale = Math.max(1, scale);
  const support = unitSupport * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputSize);
  const counts = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * stride);
  const inverse = 1 / filterScale;
  const row = new Float64Array(stride);
  for (let index = 0; index < outputSize; index++) {
    const centre = (index + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      row[i] = kernel((i + start - centre + 0.5) * inverse);
      sum += row[i]!;
    }
    for (let i = 0; i < count; i++) {
      const weight = (sum === 0 ? row[i]! : row[i]! / sum) * 2 ** precisionBits;
      weights[index * stride + i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5); // half away from zero
    }
    starts[index] = start;
    counts[index] = count;
  }
  return { stride, starts, counts, weights };
}

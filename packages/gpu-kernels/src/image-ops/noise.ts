/** Tables of the steps that draw: Gaussian noise, and places of patches. */
import { hashOf } from './counter-hash.ts';

/** Coefficients of P. J. Acklam's rational approximation of the normal quantile; its relative error is below 1.2e-9. */
const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239]; // biome-ignore format: one polynomial
const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783]; // biome-ignore format: one polynomial
const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(c, q) / polynomial(d, q);
  }
  const q = p - 0.5;
  return (polynomial(a, q * q) * q) / polynomial(b, q * q);
}

/** round(sigma · quantile) of 4096 equally likely values, halves up. */
export const noiseTable = (sigma: number): Int32Array =>
  Int32Array.from({ length: 4096 }, (_, i) => Math.floor(sigma * normalQuantile((i + 0.5) / 4096) + 0.5));

/** Where `count` patches of `size` lie along one axis (0 = x, 1 = y) of an image. */
export const patchPlaces = (
  { count, size, seed }: { count: number; size: number; seed: number },
  image: { readonly width: number; readonly height: number },
  axis: 0 | 1,
): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => {
    const excess = (axis === 0 ? image.width : image.height) - size;
    return Math.floor((hashOf([seed, i, image.width, image.height, axis]) / 2 ** 32) * (excess + 1));
  });

/**
 * Tables of float32 resizes. torch: `interpolate` on float tensors (ATen UpSample kernels, described from their
 * behaviour), positions in float32 as there. TensorFlow: `ResizeBilinear` (core/kernels/image/resize_bilinear_op.cc).
 */
import { cubic } from './pillow-coefficients.ts';
import type { LinearTable, Taps } from './stages.ts';

const { fround } = Math;

function linearTable(input: number, length: number, positionOf: (index: number) => number): LinearTable {
  const table = { lower: new Int32Array(length), upper: new Int32Array(length), fraction: new Float32Array(length) };
  for (let index = 0; index < length; index++) {
    const position = positionOf(index);
    const floor = Math.floor(position);
    table.lower[index] = Math.min(input - 1, Math.max(0, floor));
    table.upper[index] = Math.min(input - 1, Math.max(0, Math.ceil(position)));
    table.fraction[index] = position - floor;
  }
  return table;
}

/** Output i reads at i · (in − 1) / (out − 1); an output of one pixel reads input 0. */
export function alignCornersTable(input: number, output: number, start = 0, length = output): LinearTable {
  const scale = output > 1 ? fround((input - 1) / (output - 1)) : 0;
  return linearTable(input, length, (index) => fround((index + start) * scale));
}

/** Output i reads at (i + ½) · in / out − ½. */
export function halfPixelTable(input: number, output: number, start = 0, length = output): LinearTable {
  const scale = fround(input / output);
  return linearTable(input, length, (index) => fround(fround(fround(index + start + 0.5) * scale) - 0.5));
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));
const antialiased = { bilinear: { kernel: triangle, support: 1 }, bicubic: { kernel: cubic, support: 2 } };

/** Pillow's method with float32 positions and weights. */
export function antialiasTaps(
  input: number,
  output: number,
  kind: 'bilinear' | 'bicubic',
  start = 0,
  length = output,
): Taps<Float32Array> {
  const scale = fround(input / output);
  const support = fround(antialiased[kind].support * Math.max(1, scale));
  const inverse = scale >= 1 ? fround(1 / scale) : 1;
  const stride = Math.ceil(support) * 2 + 1;
  const taps = emptyTaps(length, stride);
  for (let index = 0; index < length; index++) {
    const centre = fround(scale * (index + start + 0.5));
    const first = Math.max(0, Math.trunc(fround(centre - support) + 0.5));
    const count = Math.min(input, Math.trunc(fround(centre + support) + 0.5)) - first;
    const row = taps.weights.subarray(index * stride, index * stride + count);
    for (let i = 0; i < count; i++) row[i] = antialiased[kind].kernel(fround((fround(i + first - centre) + 0.5) * inverse));
    const sum = row.reduce((total, weight) => fround(total + weight), 0);
    for (let i = 0; i < count; i++) row[i] = row[i]! / sum;
    taps.starts[index] = first;
    taps.counts[index] = count;
  }
  return taps;
}

/** Two neighbours: position (i + ½) · scale − ½, not below 0. */
export function bilinearTaps(input: number, output: number, start = 0, length = output): Taps<Float32Array> {
  const scale = fround(input / output);
  return clampedTaps(input, length, 0, (index) => {
    const position = Math.max(0, fround(fround(scale * (index + start + 0.5)) - 0.5));
    const lower = Math.min(input - 1, Math.floor(position));
    const fraction = fround(Math.min(1, position - lower));
    return [lower, [fround(1 - fraction), fraction]];
  });
}

/** Keys' cubic with a = −0.75 over four neighbours. A position is rounded once, as torch's fused multiply-add does. */
export function bicubicTaps(input: number, output: number, start = 0, length = output): Taps<Float32Array> {
  const scale = fround(input / output);
  return clampedTaps(input, length, 1, (index) => {
    const position = fround(scale * (index + start + 0.5) - 0.5);
    const lower = Math.floor(position);
    const t = fround(position - lower);
    return [lower, [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)]];
  });
}

const a = -0.75;
const inner = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
const outer = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;

/** Weights of neighbours `lower − before …`; those outside count for the edge. */
function clampedTaps(
  input: number,
  length: number,
  before: number,
  row: (index: number) => readonly [lower: number, weights: readonly number[]],
): Taps<Float32Array> {
  const stride = 2 * before + 2;
  const taps = emptyTaps(length, stride);
  for (let index = 0; index < length; index++) {
    const [lower, weights] = row(index);
    const clamp = (at: number): number => Math.min(input - 1, Math.max(0, at));
    const first = clamp(lower - before);
    for (const [i, weight] of weights.entries()) taps.weights[index * stride + clamp(lower - before + i) - first]! += weight;
    taps.starts[index] = first;
    taps.counts[index] = clamp(lower - before + stride - 1) - first + 1;
  }
  return taps;
}

const emptyTaps = (length: number, stride: number): Taps<Float32Array> => ({
  stride,
  starts: new Int32Array(length),
  counts: new Int32Array(length),
  weights: new Float32Array(length * stride),
});

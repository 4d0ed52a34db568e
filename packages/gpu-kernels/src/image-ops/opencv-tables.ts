/**
 * Tables of OpenCV's 8-bit `resize` (modules/imgproc/src/resize.cpp, 4.x and 5.0; described from its behaviour and
 * documentation): INTER_LINEAR with 11-bit weights, and INTER_AREA.
 */
import { roundHalfToEven } from './geometry.ts';
import type { FixedTable, Taps } from './stages.ts';

const one = 2048;
const weightOf = (fraction: number): number => roundHalfToEven(Math.fround(fraction * one));

/** Position along an axis: the lower neighbour, unclamped, and the float32 weight of the upper one. */
type Position = (index: number) => readonly [lower: number, fraction: number];

const linearPosition = (input: number, output: number): Position => {
  const scale = 1 / (output / input);
  return (index) => {
    const position = Math.fround((index + 0.5) * scale - 0.5);
    const lower = Math.floor(position);
    return [lower, Math.fround(position - lower)];
  };
};

/** INTER_AREA where it enlarges: linear, but flat over most of each input pixel. */
const areaPosition = (input: number, output: number): Position => {
  const inverse = output / input;
  const scale = 1 / inverse;
  return (index) => {
    const lower = Math.floor(index * scale);
    const fraction = Math.fround(index + 1 - (lower + 1) * inverse);
    return [lower, fraction <= 0 ? 0 : Math.fround(fraction - Math.floor(fraction))];
  };
};

/** Along x, positions outside are moved to the edge; along y only the rows that are read are, which rounds otherwise. */
export function fixedTable(
  input: number,
  output: number,
  { axis, area = false, start = 0, length = output }: { axis: 'x' | 'y'; area?: boolean; start?: number; length?: number },
): FixedTable {
  const position = area ? areaPosition(input, output) : linearPosition(input, output);
  const table = {
    lower: new Int32Array(length),
    upper: new Int32Array(length),
    lowerWeight: new Int32Array(length),
    upperWeight: new Int32Array(length),
  };
  const clamp = (index: number): number => Math.min(input - 1, Math.max(0, index));
  for (let index = 0; index < length; index++) {
    const [lower, found] = position(index + start);
    const fraction = axis === 'x' && (lower < 0 || lower >= input - 1) ? 0 : found;
    table.lower[index] = clamp(lower);
    table.upper[index] = clamp(lower + 1);
    table.lowerWeight[index] = weightOf(Math.fround(1 - fraction));
    table.upperWeight[index] = weightOf(fraction);
  }
  return table;
}

/** INTER_AREA where it shrinks by a ratio that is no whole number: the part of each input pixel that an output covers. */
export function areaTaps(input: number, output: number, start = 0, length = output): Taps<Float32Array> {
  const scale = 1 / (output / input);
  const rows = Array.from({ length }, (_, index) => areaRow(input, scale, index + start));
  const stride = Math.max(...rows.map(({ weights }) => weights.length));
  const weights = new Float32Array(length * stride);
  for (const [index, row] of rows.entries()) weights.set(row.weights, index * stride);
  return {
    stride,
    starts: Int32Array.from(rows, ({ first }) => first),
    counts: Int32Array.from(rows, (row) => row.weights.length),
    weights,
  };
}

function areaRow(input: number, scale: number, index: number): { first: number; weights: number[] } {
  const from = index * scale;
  const to = from + scale;
  const width = Math.min(scale, input - from);
  const end = Math.min(Math.floor(to), input - 1);
  const begin = Math.min(Math.ceil(from), end);
  const weights = new Array<number>(end - begin).fill(1 / width);
  let first = begin;
  if (begin - from > 1e-3) {
    weights.unshift((begin - from) / width);
    first--;
  }
  if (to - end > 1e-3) weights.push(Math.min(to - end, 1, width) / width);
  return { first, weights };
}

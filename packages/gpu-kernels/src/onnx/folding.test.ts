/** Arithmetic on whole constants, against loops over coordinates. */
import { describe, expect, it } from 'vitest';
import { foldOnnx } from './import-onnx.ts';
import { floats, integers, modelOf, node } from './test-models.ts';

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const numbered = (shape: readonly number[], factor: number): number[] =>
  Array.from({ length: sizeOf(shape) }, (_, i) => ((i * factor) % 17) - 8);

/** Coordinates of every place of `shape`, the last one fastest. */
const coordinatesOf = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>((all, size) => all.flatMap((c) => Array.from({ length: size }, (_, i) => [...c, i])), [[]]);
/** A size of 1 has one entry for all; dimensions that are missing are the first. */
const placeOf = (shape: readonly number[], coordinates: readonly number[]): number =>
  shape.reduce((place, size, d) => place * size + (size === 1 ? 0 : coordinates[coordinates.length - shape.length + d]!), 0);

function folded(op: string, tensors: Parameters<typeof modelOf>[2], attributes = {}): { shape: readonly number[]; data: number[] } {
  const names = tensors!.map(({ name }) => name).join(' ');
  const [y] = foldOnnx({ ...modelOf([], [node(op, names, 'y', attributes)], tensors), inputs: [] });
  return { shape: y!.shape, data: [...y!.data] };
} // biome-ignore format: signature

describe('constants that are folded', () => {
  it.each([
    [
      [2, 3, 4, 5],
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ],
    [
      [2, 3, 4, 5],
      [2, 1, 1, 1],
      [2, 3, 4, 5],
    ],
    [
      [2, 3, 4, 5],
      [4, 5],
      [2, 3, 4, 5],
    ],
    [
      [2, 3, 4, 1],
      [1, 3, 1, 5],
      [2, 3, 4, 5],
    ],
    [
      [2, 1, 4, 1],
      [3, 1, 5],
      [2, 3, 4, 5],
    ],
    [
      [2, 1, 4, 5],
      [1, 3, 4, 1],
      [2, 3, 4, 5],
    ],
    [
      [3, 1, 1],
      [1, 1],
      [3, 1, 1],
    ],
    [[], [3, 2], [3, 2]],
    [[1], [], [1]],
  ])('%j and %j broadcast', (a, b, shape) => {
    const [left, right] = [numbered(a, 5), numbered(b, 3)];
    const expected = coordinatesOf(shape).map((c) => left[placeOf(a, c)]! - right[placeOf(b, c)]!);
    expect(folded('Sub', [floats('a', a, ...left), floats('b', b, ...right)])).toEqual({ shape, data: expected });
  });

  it.each([
    [[2], [2, 3, 1]],
    [
      [1, 2],
      [2, 1, 1],
    ],
    [[0], [1, 3, 4]],
    [
      [0, 2],
      [1, 3, 1],
    ],
    [[1], [2, 1, 4]],
  ])('sums over dimensions %j', (axes, kept) => {
    const [shape, x] = [[2, 3, 4], numbered([2, 3, 4], 5)];
    const sums = new Array<number>(sizeOf(kept)).fill(0);
    for (const [at, c] of coordinatesOf(shape).entries()) sums[placeOf(kept, c)]! += x[at]!;
    expect(folded('ReduceSum', [floats('x', shape, ...x), integers('axes', ...axes)])).toEqual({ shape: kept, data: sums });
  });

  it('channels are normalised each with its own numbers', () => {
    const [shape, x] = [[2, 3, 4], numbered([2, 3, 4], 5)];
    const channel = (name: string, ...values: number[]) => floats(name, [3], ...values);
    const given = [
      floats('x', shape, ...x),
      channel('s', 1, 2, 4),
      channel('b', 0, 1, 2),
      channel('m', 3, 2, 1),
      channel('v', 1, 4, 16),
    ];
    const expected = coordinatesOf(shape).map(
      ([, c], at) => ((x[at]! - [3, 2, 1][c!]!) / [1, 2, 4][c!]!) * [1, 2, 4][c!]! + c!,
    );
    expect(folded('BatchNormalization', given, { epsilon: 0 })).toEqual({ shape, data: expected });
  });
});

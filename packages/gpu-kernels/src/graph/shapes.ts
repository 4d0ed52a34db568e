/** Arithmetic on shapes. All shapes are lists of positive sizes; the empty list is a scalar. */

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, dimension) => size === b[dimension]);

/** Row-major strides in elements: the last dimension has stride 1. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let dimension = shape.length - 2; dimension >= 0; dimension--) {
    strides[dimension] = strides[dimension + 1]! * shape[dimension + 1]!;
  }
  return strides;
}

/** Row-major strides with 0 where a size of 1 is repeated over a larger output. Shapes have equal rank. */
export const broadcastStrides = (shape: readonly number[], output: readonly number[]): number[] =>
  rowMajorStrides(shape).map((stride, dimension) => (shape[dimension] === 1 && output[dimension] !== 1 ? 0 : stride));

/** NumPy broadcasting of shapes of equal rank; `undefined` where they do not fit. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const output: number[] = [];
  for (const [dimension, size] of a.entries()) {
    const other = b[dimension]!;
    if (size !== other && size !== 1 && other !== 1) return undefined;
    output.push(Math.min(size, other) === 0 ? 0 : Math.max(size, other)); // 1 beside 0 is 0, beside −1 it stays
  }
  return output;
}

export const permuteList = <T>(list: readonly T[], permutation: readonly number[]): T[] =>
  permutation.map((dimension) => list[dimension]!);

export const showShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

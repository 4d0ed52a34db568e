/** unary, binary, softmax, and the activations that convolutions end with. */
import type { Activation } from '../../graph/plan-scalars.ts';
import { binaryFunctions64, unaryFunctionOf } from '../../graph/scalar-functions.ts';
import { rowMajorStrides, sizeOf } from '../../graph/shapes.ts';
import type { ReferenceOp } from './run-context.ts';

export function activate(x: number, activation: Activation): number {
  return activation.kind === 'none' ? x : unaryFunctionOf(activation.kind, activation)(x);
}

export const unary: ReferenceOp<'unary'> = (step, y, { value }) => {
  const x = value(step.x);
  const apply = unaryFunctionOf(step.function, step);
  for (let i = 0; i < y.length; i++) y[i] = apply(x[i]!);
};

export const binary: ReferenceOp<'binary'> = (step, y, { items, shape, value, weight }) => {
  const output = shape(step.output);
  const apply = binaryFunctions64[step.function];
  const a = step.a === undefined ? weight(step.aWeight!) : value(step.a);
  const b = step.b === undefined ? weight(step.bWeight!) : value(step.b);
  const batchA = step.a === undefined ? 0 : sizeOf(shape(step.a));
  const batchB = step.b === undefined ? 0 : sizeOf(shape(step.b));
  const strides = rowMajorStrides(output);
  const size = sizeOf(output);
  for (let item = 0; item < items; item++) {
    for (let index = 0; index < size; index++) {
      let [fromA, fromB] = [item * batchA, item * batchB];
      for (const [d, stride] of strides.entries()) {
        const coordinate = Math.floor(index / stride) % output[d]!;
        fromA += coordinate * step.aStrides[d]!;
        fromB += coordinate * step.bStrides[d]!;
      }
      y[item * size + index] = apply(a[fromA]!, b[fromB]!);
    }
  }
};

export const softmax: ReferenceOp<'softmax'> = (step, y, { shape, value }) => {
  const x = value(step.x);
  const width = shape(step.x).at(-1)!;
  for (let row = 0; row < x.length; row += width) {
    const values = x.subarray(row, row + width);
    const largest = values.reduce((max, v) => Math.max(max, v), -Infinity);
    const exponentials = Float64Array.from(values, (v) => Math.exp(v - largest));
    const sum = exponentials.reduce((total, v) => total + v, 0);
    for (let i = 0; i < width; i++) y[row + i] = exponentials[i]! / sum;
  }
};

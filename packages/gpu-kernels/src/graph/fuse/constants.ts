/** Values that are the same for every item whatever the input: made of weights by steps that only move or choose. */
import { rowMajorStrides, sizeOf } from '../shapes.ts';
import type { StepIndex } from './views.ts';

/** Masks of this size are 64 MB; larger ones are left to the run. */
const maxNumbers = 2 ** 24;

/** Reads `data` at each place of `shape`. */
function walked(data: Float32Array, shape: readonly number[], offset: number, strides: readonly number[]): Float32Array {
  const own = rowMajorStrides(shape);
  return Float32Array.from({ length: sizeOf(shape) }, (_, index) => {
    let from = offset;
    for (const [d, unit] of own.entries()) from += (Math.floor(index / unit) % shape[d]!) * strides[d]!;
    return data[from]!;
  });
}

/** The numbers of a value, if no input changes them. */
export function constantOf(index: StepIndex, id: number): Float32Array | undefined {
  const shape = index.shape(id);
  const step = index.producer(id);
  if (step === undefined || sizeOf(shape) > maxNumbers) return undefined;
  if (step.op === 'reshape') return constantOf(index, step.x);
  if (step.op === 'copy' && step.xWeight !== undefined)
    return walked(index.weights.get(step.xWeight)!.data, shape, step.offset, step.strides);
  if (step.op !== 'select') return undefined;
  const operand = (value: number | undefined, weight: string | undefined, strides: readonly number[]) => {
    const data = value === undefined ? index.weights.get(weight!)!.data : constantOf(index, value);
    return data && walked(data, shape, 0, strides);
  };
  const [c, a, b] = [
    operand(step.c, step.cWeight, step.cStrides),
    operand(step.a, step.aWeight, step.aStrides),
    operand(step.b, step.bWeight, step.bStrides),
  ];
  return c && a && b && c.map((chosen, i) => (chosen === 0 ? b[i]! : a[i]!));
}

/** copy, concat, gather, select: numbers are chosen, not computed. */
import { rowMajorStrides, sizeOf } from '../../graph/shapes.ts';
import type { ReferenceOp, RunContext } from './run-context.ts';

interface Operand {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  /** Numbers an item; 0 for a weight. */
  readonly perItem: number;
}

function operand({ plan, shape, value, weight }: RunContext, id: number | undefined, name: string | undefined): Operand {
  if (id !== undefined) return { data: value(id), shape: shape(id), perItem: sizeOf(shape(id)) };
  return { data: weight(name!), shape: plan.weights.find((entry) => entry.name === name)!.shape, perItem: 0 };
}

/** Number of `shape` → Σ c[d] · strides[d] at its coordinates c. */
function offsetsOf(shape: readonly number[], strides: readonly number[]): (index: number) => number {
  const steps = rowMajorStrides(shape);
  return (index) => steps.reduce((sum, step, d) => sum + (Math.floor(index / step) % shape[d]!) * strides[d]!, 0);
}

export const copy: ReferenceOp<'copy'> = (step, y, context) => {
  const x = operand(context, step.x, step.xWeight);
  const output = context.shape(step.output);
  const size = sizeOf(output);
  const offsetAt = offsetsOf(output, step.strides);
  const width = output.at(-1) ?? 1;
  const stride = step.strides.at(-1) ?? 0;
  for (let row = 0; row < y.length; row += width) {
    const from = Math.floor(row / size) * x.perItem + step.offset + offsetAt(row % size);
    for (let i = 0; i < width; i++) y[row + i] = x.data[from + i * stride]!;
  }
};

export const concat: ReferenceOp<'concat'> = (step, y, { items, shape, value }) => {
  const rows = items * sizeOf(shape(step.output).slice(0, step.dimension));
  const width = y.length / rows;
  let at = 0;
  for (const part of step.parts) {
    const data = value(part);
    const length = data.length / rows;
    for (let row = 0; row < rows; row++) for (let i = 0; i < length; i++) y[row * width + at + i] = data[row * length + i]!;
    at += length;
  }
};

export const gather: ReferenceOp<'gather'> = (step, y, context) => {
  const x = operand(context, step.x, step.xWeight);
  const indices = operand(context, step.indices, step.indicesWeight);
  const length = x.shape[step.dimension]!;
  const outer = sizeOf(x.shape.slice(0, step.dimension));
  const inner = sizeOf(x.shape.slice(step.dimension + 1));
  const count = sizeOf(indices.shape);
  let to = 0;
  for (let item = 0; item < context.items; item++)
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < count; i++) {
        const given = Math.trunc(indices.data[item * indices.perItem + i]!);
        const index = given < 0 ? given + length : given;
        const from = item * x.perItem + (o * length + index) * inner;
        const isInside = index >= 0 && index < length;
        for (let n = 0; n < inner; n++) y[to++] = isInside ? x.data[from + n]! : Number.NaN;
      }
};

export const select: ReferenceOp<'select'> = (step, y, context) => {
  const c = operand(context, step.c, step.cWeight);
  const a = operand(context, step.a, step.aWeight);
  const b = operand(context, step.b, step.bWeight);
  const output = context.shape(step.output);
  const size = sizeOf(output);
  const reader = ({ data, perItem }: Operand, strides: readonly number[]): ((to: number) => number) => {
    const offsetAt = offsetsOf(output, strides);
    return (to) => data[Math.floor(to / size) * perItem + offsetAt(to % size)]!;
  };
  const [isA, ofA, ofB] = [reader(c, step.cStrides), reader(a, step.aStrides), reader(b, step.bStrides)];
  for (let to = 0; to < y.length; to++) y[to] = isA(to) === 0 ? ofB(to) : ofA(to);
};

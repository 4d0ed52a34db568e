/** Steps that read through strides, as loops: neighbouring dimensions that memory walks as one are joined, so that few are left. */

import type { Step } from '../graph/plan.ts';
import { permuteList, rowMajorStrides } from '../graph/shapes.ts';
import type { StepOf, StepShapes } from './kernel.ts';

export type StridedStep = StepOf<'binary' | 'transpose' | 'copy' | 'select'>;

const stridedOps: readonly string[] = ['binary', 'transpose', 'copy', 'select'] satisfies StridedStep['op'][];
export const isStrided = (step: Step): step is StridedStep => stridedOps.includes(step.op);

export interface StridedLoops {
  readonly sizes: readonly number[];
  /** A list for each operand, as long as `sizes`. */
  readonly strides: readonly (readonly number[])[];
}

function operandStrides(step: StridedStep, shapes: StepShapes): readonly (readonly number[])[] {
  switch (step.op) {
    case 'binary':
      return [step.aStrides, step.bStrides];
    case 'select':
      return [step.cStrides, step.aStrides, step.bStrides];
    case 'transpose':
      return [permuteList(rowMajorStrides(shapes.value(step.x)), step.permutation)];
    case 'copy':
      return [step.strides];
  }
}

export function stridedLoops(step: StridedStep, shapes: StepShapes): StridedLoops {
  const shape = shapes.value(step.output);
  const all = operandStrides(step, shapes);
  const sizes: number[] = [];
  const strides: number[][] = all.map(() => []);
  for (const [d, size] of shape.entries()) {
    if (size === 1) continue;
    const joins = sizes.length > 0 && all.every((list, operand) => strides[operand]!.at(-1) === list[d]! * size);
    if (joins) sizes[sizes.length - 1]! *= size;
    else sizes.push(size);
    for (const [operand, list] of all.entries()) {
      if (joins) strides[operand]![sizes.length - 1] = list[d]!;
      else strides[operand]!.push(list[d]!);
    }
  }
  return { sizes, strides };
}

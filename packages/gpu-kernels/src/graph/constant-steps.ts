/** Steps that no input changes: computed once, as the reference backend computes them, in place of once a run. */
import { binary, unary } from '../backends/reference/elementwise.ts';
import { concat, copy, gather, select } from '../backends/reference/gathering.ts';
import { reshape, transpose } from '../backends/reference/movement.ts';
import { reduce } from '../backends/reference/pooling.ts';
import type { ReferenceOp, RunContext } from '../backends/reference/run-context.ts';
import type { Plan, Step, StepOp } from './plan.ts';
import type { PlanBuilder } from './plan-builder.ts';
import { sizeOf } from './shapes.ts';
import { valuesReadBy, weightsReadBy } from './tidy.ts';

/** The numbers of a value, the same for every item. */
export type Constants = Map<number, Float32Array>;

/** Numbers that are computed so for one plan, which takes about a second; what goes beyond is left to the run. */
export const mostComputed = 2 ** 22;
/** A weight of more numbers is not read for this: it would be taken into memory. */
const mostRead = 2 ** 20;

const computed: { readonly [Op in StepOp]?: ReferenceOp<Op> } = { unary, binary, select, gather, copy, concat, reshape, transpose, reduce }; // biome-ignore format: a list

/** How many numbers computing the step takes; Infinity where it is not computed here. */
export function costOfConstant(step: Step, builder: PlanBuilder, constants: Constants): number {
  if (!Object.hasOwn(computed, step.op)) return Number.POSITIVE_INFINITY;
  const values = valuesReadBy(step);
  const weights = weightsReadBy(step).map((name) => sizeOf(builder.weights.get(name)!.shape));
  if (!values.every((id) => constants.has(id)) || weights.some((size) => size > mostRead)) return Number.POSITIVE_INFINITY;
  const read = values.reduce((sum, id) => sum + constants.get(id)!.length, 0);
  return sizeOf(builder.values[step.output]!.shape) + read;
}

/** The numbers that the step gives. */
export function computeConstant(step: Step, builder: PlanBuilder, constants: Constants): Float32Array {
  const names = weightsReadBy(step);
  const weights = names.map((name) => ({ name, shape: builder.weights.get(name)!.shape }));
  const context: RunContext = {
    plan: { weights } as unknown as Plan,
    items: 1,
    shape: (id) => builder.values[id]!.shape,
    value: (id) => constants.get(id)!,
    weight: (name) => builder.weights.get(name)!.data,
    images: () => [],
  };
  const y = new Float32Array(sizeOf(builder.values[step.output]!.shape));
  (computed[step.op] as ReferenceOp<StepOp>)(step as never, y, context);
  return y;
}

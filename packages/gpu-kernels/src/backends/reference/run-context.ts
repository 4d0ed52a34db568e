/** What an op of the reference backend sees: values by id, weights by name, the number of items. */
import type { RasterImage } from '@diptych/plugin-kit';
import type { Plan, Step, StepOp } from '../../graph/plan.ts';

export interface RunContext {
  readonly plan: Plan;
  readonly items: number;
  shape(value: number): readonly number[];
  value(id: number): Float32Array;
  weight(name: string): Float32Array;
  images(input: string): readonly RasterImage[];
}

export type StepOf<Op extends StepOp> = Extract<Step, { op: Op }>;

/** Writes `y`, which starts as zeros, for all items. */
export type ReferenceOp<Op extends StepOp> = (step: StepOf<Op>, y: Float32Array, context: RunContext) => void;
export type ReferenceOps = { readonly [Op in StepOp]: ReferenceOp<Op> };

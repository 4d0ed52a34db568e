/** Steps that move and choose numbers, and compute none. Part of the plan (`plan.ts`). */
import type { StepBase } from './plan-step.ts';

/** y dimension d is x dimension permutation[d]; dimensions without batch, which stays first. */
export interface TransposeStep extends StepBase {
  readonly op: 'transpose';
  readonly x: number;
  readonly permutation: readonly number[];
}

/** Same data, another shape. */
export interface ReshapeStep extends StepBase {
  readonly op: 'reshape';
  readonly x: number;
}

/**
 * Moves numbers: the element at output coordinates c is x at offset + Σ c[d] · strides[d]. A stride of 0 repeats, a negative one
 * walks backwards. A weight has no batch and is given to every item. Slice, Expand and Tile are this.
 */
export interface CopyStep extends StepBase {
  readonly op: 'copy';
  readonly x?: number;
  readonly xWeight?: string;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Values that differ in `dimension` at most, one after the other along it. */
export interface ConcatStep extends StepBase {
  readonly op: 'concat';
  readonly parts: readonly number[];
  readonly dimension: number;
}

/**
 * y[…, i…, …] = x[…, indices[i…], …]: dimension `dimension` of x gives way to the dimensions of the indices. Indices are whole
 * numbers; negative ones count from the end, and one out of range gives NaN. Weight operands have no batch.
 */
export interface GatherStep extends StepBase {
  readonly op: 'gather';
  readonly x?: number;
  readonly xWeight?: string;
  readonly indices?: number;
  readonly indicesWeight?: string;
  readonly dimension: number;
}

/** y = a where c is not 0, else b; each operand is read through strides, as in `BinaryStep`. */
export interface SelectStep extends StepBase {
  readonly op: 'select';
  readonly c?: number;
  readonly cWeight?: string;
  readonly cStrides: readonly number[];
  readonly a?: number;
  readonly aWeight?: string;
  readonly aStrides: readonly number[];
  readonly b?: number;
  readonly bWeight?: string;
  readonly bStrides: readonly number[];
}

/** Products of matrices, sums and norms of rows, attention. Part of the plan (`plan.ts`). */

import type { Activation } from './plan-scalars.ts';
import type { StepBase } from './plan-step.ts';

/** y = activation(x · weightᵀ + bias + residual) on the last dimension: x `[…, k]`, weight `[n, k]`, y `[…, n]`. */
export interface GemmStep extends StepBase {
  readonly op: 'gemm';
  readonly x: number;
  readonly weight: string;
  readonly bias?: string;
  readonly residual?: number;
  readonly activation: Activation;
}

/**
 * Batched product on the last two dimensions, y `[…, m, n]` = a `[…, m, k]` · b `[…, k, n]`. Exactly one of `a`/`aWeight`
 * and one of `b`/`bWeight` is set. A weight operand is `[m, k]` or `[k, n]` and is shared by all leading dimensions.
 */
export interface MatmulStep extends StepBase {
  readonly op: 'matmul';
  readonly a?: number;
  readonly aWeight?: string;
  readonly b?: number;
  readonly bWeight?: string;
}

/** Over the last dimension; subtracts the maximum first. */
export interface SoftmaxStep extends StepBase {
  readonly op: 'softmax';
  readonly x: number;
}

/**
 * y = (x − mean) / √(variance + epsilon) · scale + bias, with x seen as `[rows, pixels, groups, width]` and statistics over
 * pixels and width: layers have one pixel and one group, channel groups of an image one row. Statistics in two passes,
 * mean first. Not `centred`: mean is 0 and the variance the mean of squares (RMSNormalization). `scale` and `bias` are
 * `[groups · width]`.
 */
export interface NormaliseStep extends StepBase {
  readonly op: 'normalise';
  readonly x: number;
  readonly pixels: number;
  readonly groups: number;
  readonly width: number;
  readonly epsilon: number;
  readonly centred: boolean;
  readonly scale?: string;
  readonly bias?: string;
}

/** Where matrices lie in one item: element (outer, head, row, column) at offset + Σ index · stride. A stride of 0 repeats. */
export interface MatrixView {
  readonly offset: number;
  readonly strides: readonly [outer: number, head: number, row: number, column: number];
}

/**
 * y = softmax(scale · q · kᵀ + mask) · v for each of `outer · heads` matrices: q `[rows, channels]`, k `[keys, channels]`,
 * v `[keys, valueChannels]`, mask `[rows, keys]`. Over the keys, the largest score subtracted first. Scores are no value of
 * the plan. Operands are read, and y is written, wherever the views say, so that heads are never split or merged by copies.
 */
export interface AttentionStep extends StepBase {
  readonly op: 'attention';
  readonly q: number;
  readonly k: number;
  readonly v: number;
  readonly mask?: number;
  readonly maskWeight?: string;
  readonly outer: number;
  readonly heads: number;
  readonly rows: number;
  readonly keys: number;
  readonly channels: number;
  readonly valueChannels: number;
  readonly scale: number;
  readonly qView: MatrixView;
  readonly kView: MatrixView;
  readonly vView: MatrixView;
  readonly yView: MatrixView;
  /** Where there is a mask. */
  readonly maskView?: MatrixView;
  /** A row of which the mask leaves nothing, all of its scores −∞, gives 0 rather than NaN. */
  readonly zeroEmpty?: true;
}

/** Reduces one dimension to 1, which is kept. */
export interface ReduceStep extends StepBase {
  readonly op: 'reduce';
  readonly function: 'mean' | 'sum' | 'max' | 'min' | 'product';
  readonly x: number;
  readonly dimension: number;
}

/**
 * A plan is a network at fixed shapes as plain data: serialisable, snapshot-tested, and the only thing besides
 * tensors that crosses N-API. The planner makes it from a `ModelGraph`; backends run it whole.
 *
 * Every value is float32, row-major, and leads with the batch. Images are NHWC: `[batch, height, width, channels]`;
 * convolution, pooling and resize steps read and write that. The planner inserts `transpose` where an op of the graph
 * needs the ONNX layout. Shapes below leave the batch out. Arithmetic is float32 with float32 (or wider) sums.
 */
import type {
  Conv2dStep,
  ConvTranspose2dStep,
  GlobalAveragePoolStep,
  ImageStep,
  PadStep,
  PoolStep,
  ResampleStep,
  ResizeNearestStep,
} from './plan-images.ts';
import type { ConcatStep, CopyStep, GatherStep, ReshapeStep, SelectStep, TransposeStep } from './plan-moves.ts';
import type { AttentionStep, GemmStep, MatmulStep, NormaliseStep, ReduceStep, SoftmaxStep } from './plan-products.ts';
import type {
  Conv2dIntegerStep,
  GemmIntegerStep,
  QuantizeRangeStep,
  QuantizeStep,
  RoundFloatStep,
} from './plan-quantised.ts';
import type { BinaryStep, UnaryStep } from './plan-scalars.ts';

export const planVersion = 1;

export interface PlanValue {
  readonly id: number;
  /** Without the batch. */
  readonly shape: readonly number[];
}

/** A constant tensor, the same for every item: no batch. Data travels beside the plan under `name`. */
export interface PlanWeight {
  readonly name: string;
  readonly shape: readonly number[];
}

export type Step =
  | ImageStep
  | Conv2dStep
  | ConvTranspose2dStep
  | GemmStep
  | MatmulStep
  | UnaryStep
  | BinaryStep
  | GlobalAveragePoolStep
  | PoolStep
  | SoftmaxStep
  | ResizeNearestStep
  | ResampleStep
  | NormaliseStep
  | AttentionStep
  | PadStep
  | TransposeStep
  | ReshapeStep
  | ReduceStep
  | CopyStep
  | ConcatStep
  | GatherStep
  | SelectStep
  | QuantizeStep
  | QuantizeRangeStep
  | RoundFloatStep
  | Conv2dIntegerStep
  | GemmIntegerStep;

export type StepOp = Step['op'];

export interface Plan {
  readonly version: typeof planVersion;
  readonly name: string;
  /** Largest number of items in one run. */
  readonly batch: number;
  readonly values: readonly PlanValue[];
  readonly weights: readonly PlanWeight[];
  readonly steps: readonly Step[];
  /** Tensor inputs by name → value id. Image inputs are the `image` steps. */
  readonly inputs: Readonly<Record<string, number>>;
  /** Names of tensor inputs that hold whole numbers only; see `backends/whole-inputs.ts`. */
  readonly wholeInputs?: readonly string[];
  /** Names of outputs that are whole numbers; see `kernels/storage.ts`. */
  readonly wholeOutputs?: readonly string[];
  /** Output name → value id, and the shape to report (the ONNX one, without batch). */
  readonly outputs: Readonly<Record<string, { readonly value: number; readonly shape: readonly number[] }>>;
}

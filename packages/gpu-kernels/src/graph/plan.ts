/**
 * A plan is a network at fixed shapes as plain data: serialisable, snapshot-tested, and the only thing besides
 * tensors that crosses N-API. The planner makes it from a `ModelGraph`; backends run it whole.
 *
 * Every value is float32, row-major, and leads with the batch. Images are NHWC: `[batch, height, width, channels]`;
 * convolution, pooling and resize steps read and write that. The planner inserts `transpose` where an op of the graph
 * needs the ONNX layout. Shapes below leave the batch out. Arithmetic is float32 with float32 (or wider) sums.
 */
import type { ImageRecipe } from '@diptych/plugin-kit';
import type {
  Conv2dIntegerStep,
  GemmIntegerStep,
  QuantizeRangeStep,
  QuantizeStep,
  RoundFloatStep,
} from './plan-quantised.ts';

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

export const unaryFunctions = [
  'relu', 'clip', 'sigmoid', 'log', 'exp', 'sqrt', 'abs', 'neg', 'tanh', 'reciprocal', 'erf', 'gelu', 'gelu-tanh', 'swish',
  'hard-sigmoid', 'hard-swish', 'mish', 'softplus', 'softsign', 'leaky-relu', 'elu', 'selu', 'celu', 'thresholded-relu', 'shrink',
  'floor', 'ceil', 'round', 'trunc', 'sign', 'not', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'asinh', 'acosh',
  'atanh', 'is-nan', 'is-inf',
] as const; // biome-ignore format: a table
export type UnaryFunction = (typeof unaryFunctions)[number];

export interface FunctionParameters {
  /** `clip`. */
  readonly min?: number;
  readonly max?: number;
  /** Of those that ONNX gives parameters, in its order: `swish` (alpha), `hard-sigmoid` (alpha, beta), `selu` (alpha, gamma), `shrink` (lambd, bias), `is-inf` (detect_negative, detect_positive), … */
  readonly alpha?: number;
  readonly beta?: number;
}

/** What a convolution or product ends with: any function of one number. */
export interface Activation extends FunctionParameters {
  readonly kind: 'none' | UnaryFunction;
}

export interface StepBase {
  /** Name of the graph node it came from (the last one, if fused), for errors and profiles. */
  readonly name: string;
  /** Value id written. A step writes one value. */
  readonly output: number;
}

/** Decoded images of any size → `[height, width, channels]`, by the recipe. Image input `input` of the plan. */
export interface ImageStep extends StepBase {
  readonly op: 'image';
  readonly input: string;
  readonly recipe: ImageRecipe;
}

/**
 * y = activation(conv(x, weight) + bias + residual). Weight is `[outputChannels, kernelHeight, kernelWidth, inputChannels / groups]`.
 * Cross-correlation, zero padding, floor output size, as ONNX Conv. Depthwise is `groups == inputChannels`.
 */
export interface Conv2dStep extends StepBase {
  readonly op: 'conv2d';
  readonly x: number;
  readonly weight: string;
  readonly bias?: string;
  readonly residual?: number;
  readonly strides: readonly [y: number, x: number];
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly dilations: readonly [y: number, x: number];
  readonly groups: number;
  readonly activation: Activation;
}

/**
 * Transposed convolution: each input pixel adds its window, y[i·stride + k·dilation − pad] += x[i] · weight[k], and the
 * output ends where its shape says (ONNX output_padding included). Weight and layout as in conv2d.
 */
export interface ConvTranspose2dStep extends StepBase {
  readonly op: 'conv-transpose2d';
  readonly x: number;
  readonly weight: string;
  readonly bias?: string;
  readonly strides: readonly [y: number, x: number];
  readonly pads: readonly [top: number, left: number];
  readonly dilations: readonly [y: number, x: number];
  readonly groups: number;
}

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

/** Elementwise; `scalar-functions.ts` has the formulas. `log` is natural; of 0 gives -Infinity as IEEE does. */
export interface UnaryStep extends StepBase, FunctionParameters {
  readonly op: 'unary';
  readonly function: UnaryFunction;
  readonly x: number;
}

/** `divide-whole` divides whole numbers and rounds toward 0; comparisons give 1 or 0. */
export const binaryFunctions = [
  'add', 'sub', 'mul', 'div', 'min', 'max', 'pow', 'mod', 'fmod', 'divide-whole', 'equal', 'less', 'less-equal', 'prelu',
] as const; // biome-ignore format: a table
/**
 * Elementwise with broadcasting, resolved by the planner: element at output coordinates c (without batch) reads
 * operand element Σ c[d] · strides[d]; stride 0 repeats. A weight operand has no batch.
 */
export interface BinaryStep extends StepBase {
  readonly op: 'binary';
  readonly function: (typeof binaryFunctions)[number];
  readonly a?: number;
  readonly aWeight?: string;
  readonly aStrides: readonly number[];
  readonly b?: number;
  readonly bWeight?: string;
  readonly bStrides: readonly number[];
}

/** `[height, width, channels]` → `[channels]`, the mean. */
export interface GlobalAveragePoolStep extends StepBase {
  readonly op: 'global-average-pool';
  readonly x: number;
}

/**
 * Max, mean or sum over windows. Padding never wins a max; `countPad` says whether it counts in a mean (ONNX
 * count_include_pad). The output may have one window more than fits (ONNX ceil_mode): it covers what there is, and what
 * lies beyond the padding never counts.
 */
export interface PoolStep extends StepBase {
  readonly op: 'pool';
  readonly function: 'max' | 'average' | 'sum';
  readonly x: number;
  readonly kernel: readonly [y: number, x: number];
  readonly strides: readonly [y: number, x: number];
  readonly dilations: readonly [y: number, x: number];
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly countPad: boolean;
}

/** Over the last dimension; subtracts the maximum first. */
export interface SoftmaxStep extends StepBase {
  readonly op: 'softmax';
  readonly x: number;
}

/** `[height, width, channels]`: output pixel (y, x) reads input pixel (floor(y · inputHeight / outputHeight), …): ONNX Resize, nearest, asymmetric, floor. */
export interface ResizeNearestStep extends StepBase {
  readonly op: 'resize-nearest';
  readonly x: number;
}

/**
 * Along one dimension, y[…, o, …] = Σ_t factors[o, t] · x[…, indices[o, t], …]: interpolation and reflecting pads, whose
 * coordinates the planner works out. Both weights are `[size of y in that dimension, taps]`; indices are whole.
 */
export interface ResampleStep extends StepBase {
  readonly op: 'resample';
  readonly x: number;
  readonly dimension: number;
  readonly indicesWeight: string;
  readonly factorsWeight: string;
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

/** Constant padding of `[height, width, channels]`; negative values crop. */
export interface PadStep extends StepBase {
  readonly op: 'pad';
  readonly x: number;
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly value: number;
}

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

/** Reduces one dimension to 1, which is kept. */
export interface ReduceStep extends StepBase {
  readonly op: 'reduce';
  readonly function: 'mean' | 'sum' | 'max' | 'min' | 'product';
  readonly x: number;
  readonly dimension: number;
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

/** Steps on numbers one by one, and the functions that they and the ends of convolutions and products compute. Part of the plan (`plan.ts`). */
import type { StepBase } from './plan-step.ts';

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

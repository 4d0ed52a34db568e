/** Step op → kernel. `reshape` shares its input's memory and `image` has kernels of its own (`kernels/image`). */
import type { Step, StepOp } from '../graph/plan.ts';
import { attention } from './attention/attention.ts';
import { binary } from './binary/binary.ts';
import { concat } from './concat/concat.ts';
import { convTranspose2d } from './conv-transpose2d/conv-transpose2d.ts';
import { conv2d, gemm } from './conv2d/conv2d.ts';
import { copy } from './copy/copy.ts';
import { gather } from './gather/gather.ts';
import { globalAveragePool } from './global-average-pool/global-average-pool.ts';
import { conv2dInteger, gemmInteger } from './integer-product/integer-product.ts';
import type { Dispatch, StepOf, StepShapes } from './kernel.ts';
import { matmul } from './matmul/matmul.ts';
import { normalise } from './normalise/normalise.ts';
import { pad } from './pad/pad.ts';
import { pool } from './pool/pool.ts';
import { quantize, quantizeRange } from './quantize/quantize.ts';
import { reduce } from './reduce/reduce.ts';
import { resample } from './resample/resample.ts';
import { resizeNearest } from './resize-nearest/resize-nearest.ts';
import { roundFloat } from './round-float/round-float.ts';
import { select } from './select/select.ts';
import { softmax } from './softmax/softmax.ts';
import { transpose } from './transpose/transpose.ts';
import { unary } from './unary/unary.ts';

export type KernelOp = Exclude<StepOp, 'image' | 'reshape'>;
export type KernelStep = Extract<Step, { op: KernelOp }>;

type Planner<Op extends KernelOp> = (step: StepOf<Op>, shapes: StepShapes) => Dispatch | readonly Dispatch[];

const kernelTable: { readonly [Op in KernelOp]: Planner<Op> } = {
  conv2d,
  'conv-transpose2d': convTranspose2d,
  gemm,
  matmul,
  unary,
  binary,
  'global-average-pool': globalAveragePool,
  pool,
  softmax,
  'resize-nearest': resizeNearest,
  resample,
  normalise,
  attention,
  pad,
  transpose,
  reduce,
  copy,
  concat,
  gather,
  select,
  quantize,
  'quantize-range': quantizeRange,
  'round-float': roundFloat,
  'conv2d-integer': conv2dInteger,
  'gemm-integer': gemmInteger,
};

/** In the order in which they run. */
export const dispatchesOf = (step: KernelStep, shapes: StepShapes): readonly Dispatch[] =>
  [(kernelTable[step.op] as Planner<KernelOp>)(step, shapes)].flat();

/** Step op → kernel. `reshape` shares its input's memory and `image` has kernels of its own (`kernels/image`). */
import type { Step, StepOp } from '../graph/plan.ts';
import { binary } from './binary/binary.ts';
import { conv2d, gemm } from './conv2d/conv2d.ts';
import { globalAveragePool } from './global-average-pool/global-average-pool.ts';
import type { Dispatch, KernelPlanner, StepShapes } from './kernel.ts';
import { matmul } from './matmul/matmul.ts';
import { pad } from './pad/pad.ts';
import { pool } from './pool/pool.ts';
import { reduce } from './reduce/reduce.ts';
import { resizeNearest } from './resize-nearest/resize-nearest.ts';
import { softmax } from './softmax/softmax.ts';
import { transpose } from './transpose/transpose.ts';
import { unary } from './unary/unary.ts';

export type KernelOp = Exclude<StepOp, 'image' | 'reshape'>;
export type KernelStep = Extract<Step, { op: KernelOp }>;

const kernelTable: { readonly [Op in KernelOp]: KernelPlanner<Op> } = {
  conv2d,
  gemm,
  matmul,
  unary,
  binary,
  'global-average-pool': globalAveragePool,
  pool,
  softmax,
  'resize-nearest': resizeNearest,
  pad,
  transpose,
  reduce,
};

export const dispatchOf = (step: KernelStep, shapes: StepShapes): Dispatch =>
  (kernelTable[step.op] as KernelPlanner<KernelOp>)(step, shapes);

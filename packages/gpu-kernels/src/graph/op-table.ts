/** ONNX op name → planner. To add an op, write its function under `ops/` and name it here. */
import type { GraphNode } from '@diptych/plugin-kit';
import { unaryOps } from './ops/activations.ts';
import { binaryOps } from './ops/arithmetic.ts';
import { ConvTranspose } from './ops/conv-transpose.ts';
import { Conv } from './ops/convolution.ts';
import { Expand, Slice } from './ops/copying.ts';
import { Concat, Gather, Where } from './ops/gathering.ts';
import { GroupNormalization, InstanceNormalization, LayerNormalization, RMSNormalization } from './ops/layer-norms.ts';
import { Gemm, MatMul, Softmax } from './ops/linear.ts';
import { LRN } from './ops/lrn.ts';
import { BatchNormalization } from './ops/normalisation.ts';
import { Pad } from './ops/pad.ts';
import { AveragePool, GlobalAveragePool, LpPool, MaxPool } from './ops/pooling.ts';
import { IntegerConv, IntegerGemm, Quantize, QuantizeRange, RoundFloat } from './ops/quantization.ts';
import { Resize } from './ops/resize.ts';
import { Constant, Flatten, Identity, Reshape, reduceOps, Transpose } from './ops/shape-ops.ts';
import type { PlanBuilder } from './plan-builder.ts';

export type OpPlanner = (builder: PlanBuilder, node: GraphNode) => void;

export const opTable: Readonly<Record<string, OpPlanner>> = {
  ...unaryOps,
  ...binaryOps,
  ...reduceOps,
  AveragePool,
  BatchNormalization,
  Concat,
  Constant,
  Conv,
  ConvTranspose,
  Expand,
  Flatten,
  Gather,
  Gemm,
  GlobalAveragePool,
  GroupNormalization,
  Identity,
  InstanceNormalization,
  IntegerConv,
  IntegerGemm,
  LRN,
  LayerNormalization,
  LpPool,
  MatMul,
  MaxPool,
  Pad,
  Quantize,
  QuantizeRange,
  RMSNormalization,
  Reshape,
  Resize,
  RoundFloat,
  Slice,
  Softmax,
  Transpose,
  Where,
};

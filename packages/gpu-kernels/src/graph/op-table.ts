/** ONNX op name → planner. To add an op, write its function under `ops/` and name it here. */
import type { GraphNode } from '@diptych/plugin-kit';
import { Abs, Clip, Exp, Log, Neg, Reciprocal, Relu, Sigmoid, Sqrt, Tanh } from './ops/activations.ts';
import { Add, Div, Max, Min, Mul, Sub } from './ops/arithmetic.ts';
import { Conv, Pad } from './ops/convolution.ts';
import { Expand, Slice } from './ops/copying.ts';
import { Concat, Gather, Where } from './ops/gathering.ts';
import { Gemm, MatMul, Softmax } from './ops/linear.ts';
import { BatchNormalization } from './ops/normalisation.ts';
import { AveragePool, GlobalAveragePool, MaxPool, Resize } from './ops/pooling.ts';
import { Constant, Flatten, Identity, ReduceMean, ReduceSum, Reshape, Transpose } from './ops/shape-ops.ts';
import type { PlanBuilder } from './plan-builder.ts';

export type OpPlanner = (builder: PlanBuilder, node: GraphNode) => void;

export const opTable: Readonly<Record<string, OpPlanner>> = {
  Abs,
  Add,
  AveragePool,
  BatchNormalization,
  Clip,
  Concat,
  Constant,
  Conv,
  Div,
  Exp,
  Expand,
  Flatten,
  Gather,
  Gemm,
  GlobalAveragePool,
  Identity,
  Log,
  MatMul,
  Max,
  MaxPool,
  Min,
  Mul,
  Neg,
  Pad,
  Reciprocal,
  ReduceMean,
  ReduceSum,
  Relu,
  Reshape,
  Resize,
  Sigmoid,
  Slice,
  Softmax,
  Sqrt,
  Sub,
  Tanh,
  Transpose,
  Where,
};

/** Elementwise functions of one value. Relu, Clip and Sigmoid join the Conv or Gemm before them where nothing else reads that. */
import type { GraphNode } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { opUnsupported } from '../graph-errors.ts';
import type { Activation, UnaryStep } from '../plan.ts';
import type { PlanBuilder } from '../plan-builder.ts';

type UnaryFunction = UnaryStep['function'];

/** Largest finite float32: the bound of an unbounded side of Clip, because plans are JSON and JSON has no infinity. */
export const float32Max = 3.4028234663852886e38;

function addUnary(
  builder: PlanBuilder,
  node: GraphNode,
  name: UnaryFunction,
  bounds: { min?: number; max?: number } = {},
): void {
  const x = builder.value(node, 0);
  const { form, id } = builder.existing(x);
  const shape = builder.values[id]!.shape;
  const output = builder.addStep({ op: 'unary', name: node.name, function: name, x: id, ...bounds }, shape);
  builder.define(node.outputs[0]!, x.shape, { [form]: output });
}

function addActivation(
  builder: PlanBuilder,
  node: GraphNode,
  activation: Activation & { readonly kind: 'relu' | 'clip' | 'sigmoid' },
): void {
  const x = builder.value(node, 0);
  const step = builder.producer(x);
  if ((step?.op === 'conv2d' || step?.op === 'gemm') && x.singleReader && step.activation.kind === 'none') {
    builder.replaceLast(step, { ...step, name: node.name, activation });
    builder.define(node.outputs[0]!, x.shape, { ...x.forms });
  } else {
    const { kind, ...bounds } = activation;
    addUnary(builder, node, kind, bounds);
  }
}

export function Relu(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  addActivation(builder, node, { kind: 'relu' });
}

export function Sigmoid(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  addActivation(builder, node, { kind: 'sigmoid' });
}

/** Bounds are attributes up to opset 10 and constant inputs since. */
export function Clip(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const bound = (index: number, name: string, fallback: number): number => {
    const value = builder.optionalConstant(node, index)?.data[0] ?? attributes.number(name, fallback);
    if (Number.isNaN(value)) throw opUnsupported(node, `${name} is not a number`);
    return Math.min(float32Max, Math.max(-float32Max, value));
  };
  const max = bound(2, 'max', float32Max);
  // ONNX: min(max(x, min), max), so the upper bound wins where they cross; WGSL's clamp does not compile then.
  const min = Math.min(bound(1, 'min', -float32Max), max);
  attributes.finish();
  addActivation(builder, node, { kind: 'clip', min, max });
}

const unary =
  (name: UnaryFunction) =>
  (builder: PlanBuilder, node: GraphNode): void => {
    new Attributes(node).finish();
    addUnary(builder, node, name);
  };

export const Log = unary('log');
export const Exp = unary('exp');
export const Sqrt = unary('sqrt');
export const Abs = unary('abs');
export const Neg = unary('neg');
export const Tanh = unary('tanh');
export const Reciprocal = unary('reciprocal');

/** Elementwise functions of one value. They join the Conv or product before them where nothing else reads that. */
import type { GraphNode } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { opUnsupported } from '../graph-errors.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import type { FunctionParameters, UnaryFunction } from '../plan-scalars.ts';

type Planner = (builder: PlanBuilder, node: GraphNode) => void;

/** Largest finite float32: the bound of an unbounded side of Clip, because plans are JSON and JSON has no infinity. */
const float32Max = 3.4028234663852886e38;

function addUnary(builder: PlanBuilder, node: GraphNode, name: UnaryFunction, parameters: FunctionParameters = {}): void {
  const x = builder.value(node, 0);
  const step = builder.producer(x);
  if ((step?.op === 'conv2d' || step?.op === 'gemm') && x.singleReader && step.activation.kind === 'none') {
    builder.replaceLast(step, { ...step, name: node.name, activation: { kind: name, ...parameters } });
    builder.define(node.outputs[0]!, x.shape, { ...x.forms });
    return;
  }
  const { form, id } = builder.existing(x);
  const shape = builder.values[id]!.shape;
  const output = builder.addStep({ op: 'unary', name: node.name, function: name, x: id, ...parameters }, shape);
  builder.define(node.outputs[0]!, x.shape, { [form]: output });
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
  addUnary(builder, node, 'clip', { min, max });
}

/** 0.5 · x · (1 + erf(x / √2)), or with `approximate: tanh` that with tanh(√(2/π) · (x + 0.044715 · x³)) in place of erf. */
export function Gelu(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const approximate = attributes.string('approximate', 'none');
  attributes.finish();
  if (approximate !== 'none' && approximate !== 'tanh')
    throw opUnsupported(node, `attribute approximate = "${approximate}"`);
  addUnary(builder, node, approximate === 'none' ? 'gelu' : 'gelu-tanh');
}

/** An op with up to two numbers as attributes, each with its ONNX default. */
const unary =
  (name: UnaryFunction, ...parameters: readonly (readonly [attribute: string, fallback: number])[]): Planner =>
  (builder, node) => {
    const attributes = new Attributes(node);
    const [alpha, beta] = parameters.map(([attribute, fallback]) => attributes.number(attribute, fallback));
    attributes.finish();
    addUnary(builder, node, name, {
      ...(alpha === undefined ? {} : { alpha }),
      ...(beta === undefined ? {} : { beta }),
    });
  };

export const unaryOps: Readonly<Record<string, Planner>> = {
  Abs: unary('abs'), Acos: unary('acos'), Acosh: unary('acosh'), Asin: unary('asin'), Asinh: unary('asinh'), Atan: unary('atan'),
  Atanh: unary('atanh'), Ceil: unary('ceil'), Celu: unary('celu', ['alpha', 1]), Clip, Cos: unary('cos'), Cosh: unary('cosh'),
  Elu: unary('elu', ['alpha', 1]), Erf: unary('erf'), Exp: unary('exp'), Floor: unary('floor'), Gelu,
  HardSigmoid: unary('hard-sigmoid', ['alpha', 0.2], ['beta', 0.5]), HardSwish: unary('hard-swish'),
  IsInf: unary('is-inf', ['detect_negative', 1], ['detect_positive', 1]), IsNaN: unary('is-nan'),
  LeakyRelu: unary('leaky-relu', ['alpha', 0.01]), Log: unary('log'), Mish: unary('mish'), Neg: unary('neg'), Not: unary('not'),
  Reciprocal: unary('reciprocal'), Relu: unary('relu'), Round: unary('round'),
  Selu: unary('selu', ['alpha', 1.673263192176819], ['gamma', 1.0507010221481323]),
  Shrink: unary('shrink', ['lambd', 0.5], ['bias', 0]), Sigmoid: unary('sigmoid'), Sign: unary('sign'), Sin: unary('sin'),
  Sinh: unary('sinh'), Softplus: unary('softplus'), Softsign: unary('softsign'), Sqrt: unary('sqrt'),
  Swish: unary('swish', ['alpha', 1]), Tan: unary('tan'), Tanh: unary('tanh'),
  ThresholdedRelu: unary('thresholded-relu', ['alpha', 1]),
  /** Not of ONNX: what a conversion to integers does. */
  Trunc: unary('trunc'),
}; // biome-ignore format: a table

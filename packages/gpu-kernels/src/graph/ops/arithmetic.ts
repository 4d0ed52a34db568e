/** Functions of two values with broadcasting. Operands are read through strides, so no operand is ever transposed or repeated. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import { reshaped } from '../lazy-tensor.ts';
import { type Form, type GraphValue, type PlanBuilder, toChannelsLast } from '../plan-builder.ts';
import type { Conv2dStep } from '../plan-images.ts';
import type { GemmStep } from '../plan-products.ts';
import type { BinaryStep } from '../plan-scalars.ts';
import { broadcastShape, broadcastStrides, permuteList, rowMajorStrides, sameShape, showShape, sizeOf } from '../shapes.ts';
import { constantItem } from './copying.ts';
import { scaleOutputs } from './scaling.ts';

type BinaryFunction = BinaryStep['function'];
export type Operand = { readonly value: GraphValue } | { readonly constant: Tensor; readonly name: string };

/** The operand's ONNX shape without batch, brought to `rank` dimensions. */
function itemShape(node: GraphNode, operand: Operand, rank: number): readonly number[] {
  if ('value' in operand) {
    if (operand.value.shape.length !== rank) {
      throw opUnsupported(
        node,
        `activations of different rank (${rank + 1} and ${operand.value.shape.length + 1}) would be broadcast over the batch`,
      );
    }
    return operand.value.shape;
  }
  return constantItem(node, operand.constant, rank);
}

export interface OperandRead {
  readonly id?: number;
  readonly weight?: string;
  readonly strides: readonly number[];
}

/** How the operand is read at output coordinates in `form`; strides are first laid out in ONNX order. */
function readOperand(
  builder: PlanBuilder,
  operand: Operand,
  shape: readonly number[],
  output: readonly number[],
  form: Form,
): OperandRead {
  const inForm = (strides: readonly number[]): readonly number[] =>
    form === 'plain' ? strides : permuteList(strides, toChannelsLast);
  if ('constant' in operand) {
    const weight = builder.addWeight(operand.name, reshaped(operand.constant, shape));
    return { weight, strides: inForm(broadcastStrides(shape, output)) };
  }
  const existing = builder.existing(operand.value);
  if (existing.form === 'plain') return { id: existing.id, strides: inForm(broadcastStrides(shape, output)) };
  const [height, width, channel] = rowMajorStrides(permuteList(shape, toChannelsLast)) as [number, number, number];
  const strides = [channel, height, width].map((stride, d) => (shape[d] === 1 && output[d] !== 1 ? 0 : stride));
  return { id: existing.id, strides: inForm(strides) };
}

interface Broadcast {
  /** The ONNX shape of the result without batch. */
  readonly shape: readonly number[];
  readonly form: Form;
  readonly reads: readonly OperandRead[];
}

/** Operands, of which one at least is no constant, read at the coordinates of their common shape. */
export function broadcastOperands(builder: PlanBuilder, node: GraphNode, operands: readonly Operand[]): Broadcast {
  const values = operands.flatMap((operand) => ('value' in operand ? [operand.value] : []));
  const rank = values[0]!.shape.length;
  const shapes = operands.map((operand) => itemShape(node, operand, rank));
  const shape = shapes.reduce((common, next) => {
    const joined = broadcastShape(common, next);
    if (joined === undefined)
      throw graphInvalid(node, `shapes ${showShape(common)} and ${showShape(next)} (without batch) do not broadcast.`);
    return joined;
  });
  const form: Form = values.some((value) => value.forms.channelsLast !== undefined) ? 'channelsLast' : 'plain';
  return {
    shape,
    form,
    reads: operands.map((operand, index) => readOperand(builder, operand, shapes[index]!, shape, form)),
  };
}

export function addBinary(builder: PlanBuilder, node: GraphNode, name: BinaryFunction, a: Operand, b: Operand): GraphValue {
  const { shape, form, reads } = broadcastOperands(builder, node, [a, b]);
  const [readA, readB] = reads as [OperandRead, OperandRead];
  const id = builder.addStep(
    {
      op: 'binary',
      name: node.name,
      function: name,
      ...(readA.id === undefined ? { aWeight: readA.weight! } : { a: readA.id }),
      aStrides: readA.strides,
      ...(readB.id === undefined ? { bWeight: readB.weight! } : { b: readB.id }),
      bStrides: readB.strides,
    },
    form === 'plain' ? shape : permuteList(shape, toChannelsLast),
  );
  return { shape, forms: { [form]: id }, singleReader: true };
}

export function operandOf(builder: PlanBuilder, node: GraphNode, index: number): Operand {
  const name = node.inputs[index] ?? '';
  if (name === '') throw graphInvalid(node, `input ${index} is missing.`);
  const constant = builder.constants.get(name);
  return constant === undefined ? { value: builder.named(name) } : { constant, name: `${node.name}.input${index}` };
}

/** y = conv(x) + other becomes the residual of the convolution (or Gemm) where nothing else reads its result. */
function fuseResidual(builder: PlanBuilder, node: GraphNode, sum: GraphValue, other: GraphValue): boolean {
  const step = builder.producer(sum);
  if (step?.op !== 'conv2d' && step?.op !== 'gemm') return false;
  if (
    !sum.singleReader ||
    step.residual !== undefined ||
    step.activation.kind !== 'none' ||
    !sameShape(sum.shape, other.shape)
  )
    return false;
  const residual = step.op === 'conv2d' ? builder.channelsLast(other, node.name) : builder.plain(other, node.name);
  builder.replaceLast(step, { ...step, name: node.name, residual });
  builder.define(node.outputs[0]!, sum.shape, { ...sum.forms });
  return true;
}

/** The convolution or product that alone gives `value`, where `constant` has a number for each of its outputs. */
function stepOfOutputs(builder: PlanBuilder, node: GraphNode, value: GraphValue, constant: Tensor): Conv2dStep | GemmStep | undefined {
  const step = builder.producer(value);
  const isOpen = (step?.op === 'conv2d' || step?.op === 'gemm') && value.singleReader && step.residual === undefined && step.activation.kind === 'none'; // biome-ignore format: one condition
  if (!isOpen) return undefined;
  const shape = itemShape(node, { constant, name: '' }, value.shape.length);
  const channelAxis = step.op === 'conv2d' ? 0 : shape.length - 1;
  return shape.every((size, axis) => size === (axis === channelAxis ? value.shape[channelAxis] : 1)) ? step : undefined;
} // biome-ignore format: signature

/** y = conv(x) + constant a channel becomes its bias. */
function fuseBias(builder: PlanBuilder, node: GraphNode, value: GraphValue, constant: Tensor): boolean {
  const step = stepOfOutputs(builder, node, value, constant);
  if (step === undefined) return false;
  const name = step.bias ?? `${step.name}.bias`;
  const old = builder.weights.get(name)?.data;
  builder.weights.set(name, { shape: [constant.data.length], data: constant.data.map((add, c) => add + (old?.[c] ?? 0)) });
  builder.replaceLast(step, { ...step, name: node.name, bias: name });
  builder.define(node.outputs[0]!, value.shape, { ...value.forms });
  return true;
}

/**
 * y = conv(x) · constant a channel: a normalisation as tf2onnx writes it, or the scale of a layer (DINOv2, ConvNeXt). A single
 * number is left, because attention takes it.
 */
function fuseFactor(builder: PlanBuilder, node: GraphNode, value: GraphValue, constant: Tensor): boolean {
  if (sizeOf(constant.shape) === 1) return false;
  const step = stepOfOutputs(builder, node, value, constant);
  if (step === undefined || !constant.data.every(Number.isFinite)) return false;
  scaleOutputs(builder, node, value, step, constant.data);
  return true;
}

const arithmetic =
  (name: BinaryFunction) =>
  (builder: PlanBuilder, node: GraphNode): void => {
    new Attributes(node).finish();
    if (node.inputs.length !== 2) throw opUnsupported(node, `${node.inputs.length} inputs, only two are implemented`);
    const [a, b] = [operandOf(builder, node, 0), operandOf(builder, node, 1)];
    if ('constant' in a && 'constant' in b) throw opUnsupported(node, 'both inputs are constants; fold them before export');
    if (name === 'add' && 'value' in a && 'value' in b) {
      if (fuseResidual(builder, node, a.value, b.value) || fuseResidual(builder, node, b.value, a.value)) return;
    } else if (name === 'add' || (name === 'mul' && !('value' in a && 'value' in b))) {
      const [value, constant] =
        'value' in a ? [a.value, (b as { constant: Tensor }).constant] : [(b as { value: GraphValue }).value, a.constant];
      if ((name === 'add' ? fuseBias : fuseFactor)(builder, node, value, constant)) return;
    }
    const { shape, forms } = addBinary(builder, node, name, a, b);
    builder.define(node.outputs[0]!, shape, forms);
  };

/** The same with the operands changed over: a > b is b < a. */
const swapped =
  (name: BinaryFunction) =>
  (builder: PlanBuilder, node: GraphNode): void =>
    arithmetic(name)(builder, { ...node, inputs: node.inputs.toReversed() });

/** `fmod` 1 gives the remainder the sign of the dividend, as C does; 0 that of the divisor, as Python does. */
function Mod(builder: PlanBuilder, node: GraphNode): void {
  const { fmod = 0, ...attributes } = node.attributes ?? {};
  arithmetic(fmod === 0 ? 'mod' : 'fmod')(builder, { ...node, attributes });
}

/** Truth is 1, falsehood 0, so that And is the smaller and Or the larger of two. */
export const binaryOps: Readonly<Record<string, (builder: PlanBuilder, node: GraphNode) => void>> = {
  Add: arithmetic('add'), And: arithmetic('min'), Div: arithmetic('div'), Equal: arithmetic('equal'), Greater: swapped('less'),
  GreaterOrEqual: swapped('less-equal'), Less: arithmetic('less'), LessOrEqual: arithmetic('less-equal'), Max: arithmetic('max'),
  Min: arithmetic('min'), Mod, Mul: arithmetic('mul'), Or: arithmetic('max'), Pow: arithmetic('pow'), PRelu: arithmetic('prelu'),
  Sub: arithmetic('sub'),
  /** Not of ONNX, which divides integers with Div. */
  DivWhole: arithmetic('divide-whole'),
}; // biome-ignore format: a table

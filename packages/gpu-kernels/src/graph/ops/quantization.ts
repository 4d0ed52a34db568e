/**
 * Ops of quantised networks as the importer writes them: not ONNX's, because weights of graphs are float32 and these
 * carry words of integers. `Quantize` (x, pairs of scale and zero point), `QuantizeRange` (x), `RoundFloat` (x), `IntegerConv` and
 * `IntegerGemm` (x, words, bias words, scale): see the steps of the same names in `plan-quantised.ts`.
 */
import type { GraphNode } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import { type PlanBuilder, toChannelsLast } from '../plan-builder.ts';
import type { Conv2dIntegerStep } from '../plan-quantised.ts';
import { showShape, sizeOf } from '../shapes.ts';
import { readWindow } from './convolution.ts';

/** Attributes `axis` (with batch, of a constant with several pairs), `min`, `max`, `dequantize`. */
export function Quantize(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const axis = attributes.number('axis', 1);
  const [min, max] = [attributes.number('min', 0), attributes.number('max', 255)];
  const dequantize = attributes.number('dequantize', 0) !== 0;
  attributes.finish();
  const x = builder.value(node, 0);
  const { form, id } = builder.existing(x);
  const pairs = builder.constants.get(node.inputs[1] ?? '');
  const dimension = form === 'plain' ? axis - 1 : toChannelsLast.indexOf((axis - 1) as 0 | 1 | 2);
  if (pairs !== undefined && pairs.shape[0] !== 1 && pairs.shape[0] !== x.shape[axis - 1])
    throw graphInvalid(node, `${pairs.shape[0]} scales do not fit axis ${axis} of ${showShape(x.shape)} without batch.`);
  const source =
    pairs === undefined
      ? { parameters: builder.plain(builder.value(node, 1), node.name) }
      : { parametersWeight: builder.addWeight(`${node.name}.pairs`, pairs) };
  const step = { op: 'quantize', name: node.name, x: id, ...source, dimension: Math.max(0, dimension), min, max, dequantize } as const; // biome-ignore format: one step
  builder.define(node.outputs[0]!, x.shape, { [form]: builder.addStep(step, builder.values[id]!.shape) });
}

/** Attribute `format`. */
export function RoundFloat(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const format = attributes.string('format', '') === 'bfloat16' ? 'bfloat16' : 'float16';
  attributes.finish();
  const x = builder.value(node, 0);
  const { form, id } = builder.existing(x);
  const output = builder.addStep({ op: 'round-float', name: node.name, x: id, format }, builder.values[id]!.shape);
  builder.define(node.outputs[0]!, x.shape, { [form]: output });
}

export function QuantizeRange(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  const { id } = builder.existing(builder.value(node, 0));
  builder.define(node.outputs[0]!, [2], { plain: builder.addStep({ op: 'quantize-range', name: node.name, x: id }, [2]) });
}

type Product = Omit<Conv2dIntegerStep, 'op' | 'output' | 'kernel' | 'strides' | 'pads' | 'dilations' | 'groups' | 'x'>;

/** Attributes `zero_point`, `weight_bits`, and for rounded results `requantize`: zero point, least, greatest. */
function readProduct(builder: PlanBuilder, node: GraphNode, attributes: Attributes): Product {
  const weight = builder.constant(node, 1);
  const outputs = weight.shape[0]!;
  const ofOutputs = (index: number, field: 'bias' | 'scale'): { [field]?: string } => {
    const tensor = builder.optionalConstant(node, index);
    if (tensor === undefined) return {};
    if (tensor.data.length !== outputs)
      throw graphInvalid(node, `the ${field} must have ${outputs} entries, got ${tensor.data.length}.`);
    return { [field]: builder.addWeight(`${node.name}.${field}`, { shape: [outputs], data: tensor.data }) };
  };
  const to = attributes.has('requantize') ? attributes.numbers('requantize', [], 3) : undefined;
  return {
    name: node.name,
    zeroPoint: attributes.number('zero_point', 0),
    weight: builder.addWeight(`${node.name}.weight`, weight),
    weightBits: attributes.number('weight_bits', 8) === 8 ? 8 : 16,
    ...ofOutputs(2, 'bias'),
    ...ofOutputs(3, 'scale'),
    ...(to === undefined ? {} : { requantize: { zeroPoint: to[0]!, min: to[1]!, max: to[2]! } }),
  };
}

/** Sides that fit 16 bits, which is how kernels receive them. */
const maxSide = 65_535;

export function IntegerConv(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const x = builder.value(node, 0);
  const product = readProduct(builder, node, attributes);
  const outputs = builder.constant(node, 1).shape[0]!;
  const groups = attributes.number('group', 1);
  const kernel = attributes.numbers('kernel_shape', [], 2) as unknown as [number, number];
  const [channels, ...image] = x.shape as [number, number, number];
  const window = readWindow(node, attributes, image, kernel);
  attributes.finish();
  if ([...kernel, ...window.strides, ...window.pads, ...window.dilations].some((side) => side > maxSide))
    throw opUnsupported(node, `a kernel, stride, pad or dilation above ${maxSide}`);
  const words = Math.ceil(((channels / groups) * sizeOf(kernel) * product.weightBits) / 32);
  if (!Number.isInteger(channels / groups) || outputs % groups !== 0 || builder.constant(node, 1).shape[1] !== words)
    throw graphInvalid(node, `the weight with ${groups} groups does not fit an input of ${channels} channels.`);
  const { strides, pads, dilations, output } = window;
  const from = builder.channelsLast(x, node.name);
  const id = builder.addStep({ op: 'conv2d-integer', ...product, x: from, kernel, strides, pads, dilations, groups }, [
    ...output,
    outputs,
  ]);
  builder.define(node.outputs[0]!, [outputs, ...output], { channelsLast: id });
}

export function IntegerGemm(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const x = builder.value(node, 0);
  const product = readProduct(builder, node, attributes);
  attributes.finish();
  const [outputs, words] = builder.constant(node, 1).shape as [number, number];
  if (x.shape.length === 0 || Math.ceil((x.shape.at(-1)! * product.weightBits) / 32) !== words)
    throw graphInvalid(node, `the weight does not fit an input of ${showShape(x.shape)} without batch.`);
  const shape = [...x.shape.slice(0, -1), outputs];
  const id = builder.addStep({ op: 'gemm-integer', ...product, x: builder.plain(x, node.name) }, shape);
  builder.define(node.outputs[0]!, shape, { plain: id });
}

/** LayerNormalization, RMSNormalization, GroupNormalization, InstanceNormalization: one `normalise` step each. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import type { NormaliseStep } from '../plan-products.ts';
import { broadcastShape, broadcastStrides, rowMajorStrides, sameShape, showShape, sizeOf } from '../shapes.ts';

type Draft = Omit<NormaliseStep, 'op' | 'name' | 'output' | 'scale' | 'bias'>;

function addNormalise(
  builder: PlanBuilder,
  node: GraphNode,
  draft: Draft,
  scale?: Float32Array,
  bias?: Float32Array,
): number {
  const weight = (name: string, data: Float32Array | undefined): Record<string, string> =>
    data === undefined ? {} : { [name]: builder.addWeight(`${node.name}.${name}`, { shape: [data.length], data }) };
  return builder.addStep(
    { op: 'normalise', name: node.name, ...draft, ...weight('scale', scale), ...weight('bias', bias) },
    builder.values[draft.x]!.shape,
  );
}

/** The numbers of a tensor at each place of `shape`, to which it broadcasts; undefined where it does not. */
function spreadTo({ shape: given, data }: Tensor, shape: readonly number[]): Float32Array | undefined {
  const size = sizeOf(shape);
  if (data.length === size) return data;
  const own = [...new Array<number>(Math.max(0, shape.length - given.length)).fill(1), ...given.slice(-shape.length)];
  if (sizeOf(own) !== data.length || !sameShape(broadcastShape(own, shape) ?? [], shape)) return undefined;
  const [from, to] = [broadcastStrides(own, shape), rowMajorStrides(shape)];
  const place = (at: number): number => to.reduce((sum, unit, d) => sum + (Math.floor(at / unit) % shape[d]!) * from[d]!, 0);
  return Float32Array.from({ length: size }, (_, at) => data[place(at)]!);
}

/** Over the dimensions from `axis` to the last. */
const layer =
  (centred: boolean) =>
  (builder: PlanBuilder, node: GraphNode): void => {
    const attributes = new Attributes(node);
    const x = builder.value(node, 0);
    const rank = x.shape.length + 1;
    const given = attributes.number('axis', -1);
    const axis = given < 0 ? given + rank : given;
    const epsilon = attributes.number('epsilon', 1e-5);
    attributes.require('stash_type', 1);
    attributes.finish();
    if (node.outputs.slice(1).some((name) => name !== '')) throw opUnsupported(node, 'outputs besides the first');
    if (axis === 0) throw opUnsupported(node, 'normalisation over the batch');
    if (!Number.isInteger(axis) || axis < 1 || axis >= rank)
      throw graphInvalid(node, `axis ${given} does not exist in rank ${rank}.`);
    const normalised = x.shape.slice(axis - 1);
    const width = sizeOf(normalised);
    const parameter = (tensor: Tensor | undefined): Float32Array | undefined => {
      if (tensor === undefined) return undefined;
      const spread = spreadTo(tensor, normalised);
      if (spread === undefined)
        throw opUnsupported(node, `a parameter of shape ${showShape(tensor.shape)} for ${showShape(normalised)}`);
      return spread;
    };
    const scale = parameter(builder.constant(node, 1));
    const bias = centred ? parameter(builder.optionalConstant(node, 2)) : undefined;
    const draft = { x: builder.plain(x, node.name), pixels: 1, groups: 1, width, epsilon, centred };
    builder.define(node.outputs[0]!, x.shape, { plain: addNormalise(builder, node, draft, scale, bias) });
  };

export const LayerNormalization = layer(true);
export const RMSNormalization = layer(false);

/** Statistics over all pixels of `channels / groups` channels; x is `[channels, …]` of any rank. */
function normaliseGroups(
  builder: PlanBuilder,
  node: GraphNode,
  groups: number,
  epsilon: number,
  scale: Float32Array,
  bias: Float32Array,
): void {
  const x = builder.value(node, 0);
  const [channels = 0, ...image] = x.shape;
  if (image.length === 0 || channels % groups !== 0)
    throw graphInvalid(node, `${showShape(x.shape)} without batch has no ${groups} groups of channels with pixels.`);
  const pixels = sizeOf(image);
  const isNeutral = scale.every((factor) => factor === 1) && bias.every((offset) => offset === 0);
  // Without parameters, channels in ONNX order are rows of numbers: nothing need be moved.
  if (isNeutral && x.forms.channelsLast === undefined) {
    const draft = {
      x: builder.plain(x, node.name),
      pixels: 1,
      groups: 1,
      width: (channels / groups) * pixels,
      epsilon,
      centred: true,
    };
    builder.define(node.outputs[0]!, x.shape, { plain: addNormalise(builder, node, draft) });
    return;
  }
  const draft = { pixels, groups, width: channels / groups, epsilon, centred: true };
  const parameters = isNeutral ? [] : [scale, bias];
  if (x.shape.length === 3) {
    const id = addNormalise(builder, node, { ...draft, x: builder.channelsLast(x, node.name) }, ...parameters);
    builder.define(node.outputs[0]!, x.shape, { channelsLast: id });
    return;
  }
  const rows = builder.reshape(builder.plain(x, node.name), [channels, pixels], node.name);
  const turned = builder.addStep({ op: 'transpose', name: `${node.name}:layout`, x: rows, permutation: [1, 0] }, [
    pixels,
    channels,
  ]);
  const id = addNormalise(builder, node, { ...draft, x: turned }, ...parameters);
  const back = builder.addStep({ op: 'transpose', name: `${node.name}:layout`, x: id, permutation: [1, 0] }, [
    channels,
    pixels,
  ]);
  builder.define(node.outputs[0]!, x.shape, { plain: builder.reshape(back, x.shape, node.name) });
}

/** Scale and bias are one a channel since opset 21, and one a group in opset 18. */
export function GroupNormalization(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const epsilon = attributes.number('epsilon', 1e-5);
  const groups = attributes.number('num_groups', 0);
  attributes.require('stash_type', 1);
  attributes.finish();
  const channels = builder.value(node, 0).shape[0] ?? 0;
  if (!Number.isInteger(groups) || groups < 1) throw graphInvalid(node, `num_groups must be positive, got ${groups}.`);
  const parameter = (index: number): Float32Array => {
    const { data } = builder.constant(node, index);
    if (data.length === channels) return data;
    if (data.length === groups)
      return Float32Array.from({ length: channels }, (_, c) => data[Math.floor((c * groups) / channels)]!);
    throw graphInvalid(node, `input ${index} must hold ${channels} or ${groups} numbers, got ${data.length}.`);
  };
  normaliseGroups(builder, node, groups, epsilon, parameter(1), parameter(2));
}

export function InstanceNormalization(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const epsilon = attributes.number('epsilon', 1e-5);
  attributes.finish();
  const channels = builder.value(node, 0).shape[0] ?? 0;
  const [scale, bias] = [1, 2].map((index) => {
    const { data } = builder.constant(node, index);
    if (data.length !== channels) throw graphInvalid(node, `input ${index} must hold ${channels} numbers, one a channel.`);
    return data;
  }) as [Float32Array, Float32Array];
  normaliseGroups(builder, node, channels, epsilon, scale, bias);
}

/** GlobalAveragePool, AveragePool, MaxPool, Resize. */
import type { GraphNode } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { GraphValue, PlanBuilder } from '../plan-builder.ts';
import { showShape } from '../shapes.ts';
import { readWindow } from './convolution.ts';

function imageValue(builder: PlanBuilder, node: GraphNode): GraphValue {
  const x = builder.value(node, 0);
  if (x.shape.length !== 3)
    throw opUnsupported(
      node,
      `only [batch, channels, height, width] is implemented, got ${showShape(x.shape)} without batch`,
    );
  return x;
}

export function GlobalAveragePool(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  const x = imageValue(builder, node);
  const channels = x.shape[0]!;
  const id = builder.addStep({ op: 'global-average-pool', name: node.name, x: builder.channelsLast(x, node.name) }, [
    channels,
  ]);
  builder.define(node.outputs[0]!, [channels, 1, 1], {
    channelsLast: builder.reshape(id, [1, 1, channels], node.name),
    plain: builder.reshape(id, [channels, 1, 1], node.name),
  });
}

const pool =
  (kind: 'max' | 'average') =>
  (builder: PlanBuilder, node: GraphNode): void => {
    const attributes = new Attributes(node);
    const x = imageValue(builder, node);
    const [channels, ...image] = x.shape as [number, number, number];
    const kernel = attributes.numbers('kernel_shape', [], 2) as unknown as [number, number];
    const { strides, dilations, pads, output } = readWindow(node, attributes, image, kernel);
    attributes.require('ceil_mode', 0);
    if (kind === 'max') attributes.require('storage_order', 0);
    const countPad = kind === 'average' && attributes.number('count_include_pad', 0) !== 0;
    attributes.finish();
    if (dilations.some((n) => n !== 1)) throw opUnsupported(node, 'dilations');
    if (node.outputs.slice(1).some((name) => name !== '')) throw opUnsupported(node, 'a second output (indices)');
    if (pads.some((pad, side) => pad >= kernel[side % 2]!))
      throw graphInvalid(node, 'pads must be smaller than the kernel, else a window holds nothing.');
    const id = builder.addStep(
      {
        op: 'pool',
        name: node.name,
        function: kind,
        x: builder.channelsLast(x, node.name),
        kernel,
        strides,
        pads,
        countPad,
      },
      [...output, channels],
    );
    builder.define(node.outputs[0]!, [channels, ...output], { channelsLast: id });
  };

export const AveragePool = pool('average');
export const MaxPool = pool('max');

/** Nearest, asymmetric, floor: the form that exporters write for `Upsample(scale_factor=n)`. */
export function Resize(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  attributes.require('mode', 'nearest');
  attributes.require('coordinate_transformation_mode', 'asymmetric', 'half_pixel');
  attributes.require('nearest_mode', 'floor', 'round_prefer_floor');
  attributes.number('cubic_coeff_a', -0.75); // of mode cubic only
  attributes.require('exclude_outside', 0);
  attributes.number('extrapolation_value', 0); // of another coordinate mode only
  attributes.finish();
  const x = imageValue(builder, node);
  const [channels, height, width] = x.shape as [number, number, number];
  const sizes = builder.optionalConstant(node, 3);
  const list = sizes ?? builder.constant(node, 2);
  if (list.data.length !== 4) throw graphInvalid(node, `scales or sizes must have 4 entries, got ${list.data.length}.`);
  const [, scaleC, scaleY, scaleX] =
    sizes === undefined ? list.data : [1, list.data[1]! / channels, list.data[2]! / height, list.data[3]! / width];
  if ((sizes === undefined && list.data[0] !== 1) || scaleC !== 1)
    throw opUnsupported(node, 'resizing of batch or channels');
  const output = [height * scaleY!, width * scaleX!].map((size) => {
    // The plan maps coordinates by the ratio of sizes, which is the scale only if it gives a whole size.
    if (Math.abs(size - Math.round(size)) > 1e-4 || size < 1)
      throw opUnsupported(node, `a scale that gives a size of ${size} pixels`);
    return Math.round(size);
  });
  const id = builder.addStep({ op: 'resize-nearest', name: node.name, x: builder.channelsLast(x, node.name) }, [
    ...output,
    channels,
  ]);
  builder.define(node.outputs[0]!, [channels, ...output], { channelsLast: id });
}

/** Conv, and the arithmetic of windows that pooling shares. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import { turned } from '../lazy-tensor.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { showShape } from '../shapes.ts';

export type Four = readonly [top: number, left: number, bottom: number, right: number];
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: Four;
  readonly output: readonly [height: number, width: number];
}

export const pair = (list: readonly number[]): [number, number] => [list[0]!, list[1]!];

/**
 * Padding and output size by the ONNX rules: floor((in + pads − extent) / stride) + 1, or rounded up without a last window
 * that would start beyond the image; `auto_pad` from the static size.
 */
export function readWindow(
  node: GraphNode,
  attributes: Attributes,
  image: readonly number[],
  kernel: [number, number],
  roundsUp = false,
): Window {
  const strides = pair(attributes.numbers('strides', [1, 1], 2));
  const dilations = pair(attributes.numbers('dilations', [1, 1], 2));
  const explicit = attributes.numbers('pads', [0, 0, 0, 0], 4);
  const mode = attributes.string('auto_pad', 'NOTSET');
  const pads: [number, number, number, number] = [explicit[0]!, explicit[1]!, explicit[2]!, explicit[3]!];
  const output: [number, number] = [0, 0];
  for (const axis of [0, 1] as const) {
    const extent = dilations[axis] * (kernel[axis] - 1) + 1;
    if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
      const total = Math.max(0, (Math.ceil(image[axis]! / strides[axis]) - 1) * strides[axis] + extent - image[axis]!);
      const smaller = Math.floor(total / 2);
      pads[axis] = mode === 'SAME_UPPER' ? smaller : total - smaller;
      pads[axis + 2] = total - pads[axis];
    } else if (mode === 'VALID') pads[axis] = pads[axis + 2] = 0;
    else if (mode !== 'NOTSET') throw opUnsupported(node, `attribute auto_pad = "${mode}"`);
    const steps = (image[axis]! + pads[axis] + pads[axis + 2]! - extent) / strides[axis];
    output[axis] = Math.floor(steps) + 1;
    const startsInside = output[axis] * strides[axis] < image[axis]! + pads[axis];
    if (roundsUp && steps > -1 && !Number.isInteger(steps) && startsInside) output[axis]++;
  }
  if (
    [...strides, ...dilations, ...kernel].some((n) => !(Number.isInteger(n) && n > 0)) ||
    pads.some((n) => !Number.isInteger(n))
  ) {
    throw graphInvalid(node, 'strides, dilations and kernel must be positive integers, pads integers.');
  }
  if (pads.some((n) => n < 0)) throw opUnsupported(node, 'negative pads');
  if (output.some((size) => !(size >= 1))) {
    throw graphInvalid(node, `a window of ${kernel.join('x')} does not fit into ${image.join('x')} with these pads.`);
  }
  return { kernel, strides, dilations, pads, output };
}

export function Conv(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const x = builder.value(node, 0);
  const weight = builder.constant(node, 1);
  const bias = builder.optionalConstant(node, 2);
  if (x.shape.length !== 3 || weight.shape.length !== 4) {
    throw opUnsupported(
      node,
      `only 2-D convolution is implemented, got input ${showShape(x.shape)} without batch and weight ${showShape(weight.shape)}`,
    );
  }
  const [outputs, inputsPerGroup, kernelHeight, kernelWidth] = weight.shape as [number, number, number, number];
  const [channels, ...image] = x.shape as [number, number, number];
  const groups = attributes.number('group', 1);
  if (channels !== inputsPerGroup * groups || outputs % groups !== 0) {
    throw graphInvalid(
      node,
      `weight ${showShape(weight.shape)} with ${groups} groups does not fit an input of ${channels} channels.`,
    );
  }
  if (bias !== undefined && bias.data.length !== outputs)
    throw graphInvalid(node, `the bias must have ${outputs} entries, got ${bias.data.length}.`);
  attributes.numbers('kernel_shape', [kernelHeight, kernelWidth], 2).forEach((size, axis) => {
    if (size !== weight.shape[axis + 2])
      throw graphInvalid(node, `kernel_shape contradicts weight ${showShape(weight.shape)}.`);
  });
  const window = readWindow(node, attributes, image, [kernelHeight, kernelWidth]);
  attributes.finish();
  const padded = foldPad(builder, node, window.pads);
  const id = builder.addStep(
    {
      op: 'conv2d',
      name: node.name,
      x: padded?.x ?? builder.channelsLast(x, node.name),
      weight: builder.addWeight(`${node.name}.weight`, toOhwi(weight)),
      ...(bias === undefined ? {} : { bias: builder.addWeight(`${node.name}.bias`, { shape: [outputs], data: bias.data }) }),
      strides: window.strides,
      pads: padded?.pads ?? window.pads,
      dilations: window.dilations,
      groups,
      activation: { kind: 'none' },
    },
    [...window.output, outputs],
  );
  builder.define(node.outputs[0]!, [outputs, ...window.output], { channelsLast: id });
}

/** A zero Pad read only by this convolution becomes part of its own padding. */
function foldPad(builder: PlanBuilder, node: GraphNode, pads: Four): { x: number; pads: Four } | undefined {
  const x = builder.value(node, 0);
  const step = builder.producer(x);
  if (step?.op !== 'pad' || !x.singleReader || step.value !== 0 || step.pads.some((pad) => pad < 0)) return undefined;
  const [top, left, bottom, right] = step.pads;
  return { x: step.x, pads: [pads[0] + top, pads[1] + left, pads[2] + bottom, pads[3] + right] };
}

/** OIHW → OHWI. */
function toOhwi(weight: Tensor): Tensor {
  const [outputs, inputs, height, width] = weight.shape as [number, number, number, number];
  return turned(weight, [outputs, height, width, inputs], inputs, height * width);
}

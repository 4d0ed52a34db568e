/** ConvTranspose: a Conv run backwards. The output size is part of the plan, so output_padding needs no field of its own. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { showShape } from '../shapes.ts';
import { pair } from './convolution.ts';

interface TransposedWindow {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Before the first row and column. */
  readonly pads: readonly [number, number];
  readonly output: readonly [number, number];
}

/**
 * ONNX: size = stride · (in − 1) + output_padding + extent − pads. With `output_shape`, or SAME (size = in · stride), the
 * pads follow from the size instead; SAME_UPPER puts the smaller half first, everything else the larger.
 */
function readTransposedWindow(
  node: GraphNode,
  attributes: Attributes,
  image: readonly number[],
  kernel: readonly number[],
): TransposedWindow {
  const strides = pair(attributes.numbers('strides', [1, 1], 2));
  const dilations = pair(attributes.numbers('dilations', [1, 1], 2));
  const extra = attributes.numbers('output_padding', [0, 0], 2);
  const given = attributes.numbers('pads', [0, 0, 0, 0], 4);
  const mode = attributes.string('auto_pad', 'NOTSET');
  const size = attributes.has('output_shape') ? attributes.numbers('output_shape', [], 2) : undefined;
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(mode))
    throw opUnsupported(node, `attribute auto_pad = "${mode}"`);
  if ([...strides, ...dilations].some((n) => !(Number.isInteger(n) && n > 0)) || [...given, ...extra].some((n) => !Number.isInteger(n)))
    throw graphInvalid(node, 'strides and dilations must be positive integers, pads and output_padding integers.'); // biome-ignore format: one condition
  const pads: [number, number] = [0, 0];
  const output: [number, number] = [0, 0];
  for (const axis of [0, 1] as const) {
    const full = strides[axis] * (image[axis]! - 1) + extra[axis]! + dilations[axis] * (kernel[axis]! - 1) + 1;
    const wanted = size?.[axis] ?? (mode.startsWith('SAME') ? image[axis]! * strides[axis] : undefined);
    if (wanted === undefined) {
      pads[axis] = mode === 'VALID' ? 0 : given[axis]!;
      output[axis] = full - (mode === 'VALID' ? 0 : given[axis]! + given[axis + 2]!);
    } else {
      const total = Math.max(0, full - wanted);
      pads[axis] = mode === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
      output[axis] = wanted;
    }
  }
  if (pads.some((pad) => pad < 0) || given.some((pad) => pad < 0)) throw opUnsupported(node, 'negative pads');
  if (output.some((length) => !(Number.isInteger(length) && length >= 1)))
    throw graphInvalid(node, `pads leave ${output.join('x')} pixels of ${image.join('x')}.`);
  return { strides, dilations, pads, output };
}

/** `[inputs, outputs / groups, height, width]` → `[outputs, height, width, inputs / groups]`. */
function toConvWeight({ shape, data }: Tensor, groups: number): Tensor {
  const [inputs, outputsPerGroup, height, width] = shape as [number, number, number, number];
  const depth = inputs / groups;
  const moved = new Float32Array(data.length);
  let to = 0;
  for (let o = 0; o < outputsPerGroup * groups; o++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let i = 0; i < depth; i++) {
          const input = Math.floor(o / outputsPerGroup) * depth + i;
          moved[to++] = data[((input * outputsPerGroup + (o % outputsPerGroup)) * height + y) * width + x]!;
        }
  return { shape: [outputsPerGroup * groups, height, width, depth], data: moved };
}

export function ConvTranspose(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const x = builder.value(node, 0);
  const weight = builder.constant(node, 1);
  const bias = builder.optionalConstant(node, 2);
  if (x.shape.length !== 3 || weight.shape.length !== 4)
    throw opUnsupported(node, `only 2-D is implemented, got input ${showShape(x.shape)} without batch and weight ${showShape(weight.shape)}`); // biome-ignore format: one message
  const [inputs, outputsPerGroup, ...kernel] = weight.shape as [number, number, number, number];
  const [channels, ...image] = x.shape as [number, number, number];
  const groups = attributes.number('group', 1);
  const outputs = outputsPerGroup * groups;
  if (channels !== inputs || inputs % groups !== 0)
    throw graphInvalid(node, `weight ${showShape(weight.shape)} with ${groups} groups does not fit an input of ${channels} channels.`); // biome-ignore format: one message
  if (bias !== undefined && bias.data.length !== outputs)
    throw graphInvalid(node, `the bias must have ${outputs} entries, got ${bias.data.length}.`);
  attributes.numbers('kernel_shape', kernel, 2).forEach((size, axis) => {
    if (size !== kernel[axis]) throw graphInvalid(node, `kernel_shape contradicts weight ${showShape(weight.shape)}.`);
  });
  const { strides, dilations, pads, output } = readTransposedWindow(node, attributes, image, kernel);
  attributes.finish();
  const id = builder.addStep(
    {
      op: 'conv-transpose2d',
      name: node.name,
      x: builder.channelsLast(x, node.name),
      weight: builder.addWeight(`${node.name}.weight`, toConvWeight(weight, groups)),
      ...(bias === undefined ? {} : { bias: builder.addWeight(`${node.name}.bias`, { shape: [outputs], data: bias.data }) }),
      strides,
      pads,
      dilations,
      groups,
    },
    [...output, outputs],
  );
  builder.define(node.outputs[0]!, [outputs, ...output], { channelsLast: id });
}

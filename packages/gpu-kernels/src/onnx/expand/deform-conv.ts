/**
 * DeformConv: each tap of a window reads the image at a place of its own. All taps are sampled by one GridSample of a tall grid, and a
 * convolution over the taps as rows adds them up. https://onnx.ai/onnx/operators/onnx__DeformConv.html
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import type { Expansion } from './expansion.ts';

interface Shapes {
  readonly channels: number;
  readonly image: readonly [height: number, width: number];
  readonly kernel: readonly [number, number];
  readonly output: readonly [height: number, width: number];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
  /** Groups of channels that share their places. */
  readonly shared: number;
}

function readShapes(to: Expansion): Shapes {
  const [, channels, ...image] = to.shapeOfRank(0, 4) as [number, number, number, number];
  const weight = to.constant(1);
  if (weight?.shape.length !== 4) throw opUnsupported(to.node, 'filters that are computed or have not four dimensions');
  const kernel = weight.shape.slice(2) as [number, number];
  const { attributes } = to;
  const strides = attributes.numbers('strides', [1, 1], 2);
  const dilations = attributes.numbers('dilations', [1, 1], 2);
  const pads = attributes.numbers('pads', [0, 0, 0, 0], 4);
  const [group, shared] = [attributes.number('group', 1), attributes.number('offset_group', 1)];
  const stated = attributes.numbers('kernel_shape', kernel, 2);
  attributes.finish();
  const output = image.map((size, d) => Math.floor((size + pads[d]! + pads[d + 2]! - dilations[d]! * (kernel[d]! - 1) - 1) / strides[d]!) + 1) as [number, number]; // biome-ignore format: one line
  if ([...strides, ...dilations, ...output, group, shared].some((n) => !(Number.isInteger(n) && n >= 1)) || showShape(stated) !== showShape(kernel))
    throw graphInvalid(to.node, `a window of ${kernel.join('x')} does not fit into ${image.join('x')}.`); // biome-ignore format: one condition
  const offsets = [2 * shared * sizeOf(kernel), ...output];
  if (showShape(to.shapeOfRank(2, 4).slice(1)) !== showShape(offsets) || channels % shared !== 0 || weight.shape[1]! * group !== channels)
    throw graphInvalid(to.node, `${channels} channels with offsets ${showShape(to.shape(2).slice(1))}; ${showShape(offsets)} are expected.`); // biome-ignore format: one condition
  return { channels, image, kernel, output, strides, dilations, pads, group, shared };
}

/** Offsets `[batch, taps, 2, height, width]` as a grid `[batch, taps · height, width, 2]` from −1 to 1, x first. */
function gridOf(to: Expansion, offsets: string, how: Shapes): string {
  const { image, kernel, output, strides, dilations, pads } = how;
  const [taps, plane] = [sizeOf(kernel), sizeOf(output)];
  const flipped = to.add('Gather', [offsets, to.integers(1, 0)], { axis: 2 });
  const moved = to.reshape(to.transpose(flipped, 0, 1, 3, 4, 2), 0, taps * output[0], output[1], 2);
  // Where a tap is without an offset, and from pixels to [−1, 1] between the outer edges of the image.
  const own = to.computed('float32', [taps * output[0], output[1], 2], (at) => {
    const [d, point] = [1 - (at % 2), Math.floor(at / 2)];
    const [tap, place] = [Math.floor(point / plane), point % plane];
    const tapAt = d === 0 ? Math.floor(tap / kernel[1]) : tap % kernel[1];
    const outAt = d === 0 ? Math.floor(place / output[1]) : place % output[1];
    return (2 * (outAt * strides[d]! - pads[d]! + tapAt * dilations[d]!) + 1) / image[d as 0 | 1] - 1;
  });
  const scale = to.tensor('float32', [2], [2 / image[1], 2 / image[0]]);
  return to.add('Add', [to.add('Mul', [moved, scale]), own]);
}

/** The channels that share their places, sampled: `[batch, channels, taps, height · width]`. */
function sampled(to: Expansion, how: Shapes, part: number): string {
  const { channels, kernel, output, shared } = how;
  const [taps, own] = [sizeOf(kernel), channels / shared];
  const isAll = shared === 1;
  const x = isAll ? to.input(0) : to.slice(to.input(0), 1, part * own, (part + 1) * own);
  const offsets = isAll ? to.input(2) : to.slice(to.input(2), 1, part * 2 * taps, (part + 1) * 2 * taps);
  const grid = gridOf(to, to.reshape(offsets, 0, taps, 2, ...output), how);
  const values = to.add('GridSample', [x, grid], { mode: to.state.opset < 20 ? 'bilinear' : 'linear', padding_mode: 'zeros', align_corners: 0 }); // biome-ignore format: one line
  const apart = to.reshape(values, 0, own, taps, sizeOf(output));
  if (!to.has(4)) return apart;
  const mask = isAll ? to.input(4) : to.slice(to.input(4), 1, part * taps, (part + 1) * taps);
  return to.add('Mul', [apart, to.reshape(mask, 0, 1, taps, sizeOf(output))]);
}

export function DeformConv(to: Expansion): void {
  const how = readShapes(to);
  const { shape, data } = to.constant(1)!;
  const parts = Array.from({ length: how.shared }, (_, part) => sampled(to, how, part));
  const all = parts.length === 1 ? parts[0]! : to.add('Concat', parts, { axis: 1 });
  const [outputs, inner] = shape as [number, number];
  const filters = to.tensor('float32', [outputs, inner, sizeOf(how.kernel), 1], data);
  const sum = to.add('Conv', [all, filters, ...(to.has(3) ? [to.input(3)] : [])], { group: how.group });
  to.give('Reshape', [sum, to.integers(0, outputs, ...how.output)]);
}

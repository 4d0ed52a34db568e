/**
 * Convolutions of volumes (`[channels, depth, height, width]`, as video networks have them) as convolutions of images. The slices lie under
 * each other in one tall image, with rows of zeros between them; the taps along the depth become channels. No product is computed that
 * the volume does not ask for, but for those on the rows between slices.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import type { LowerCall } from './lower-call.ts';

export type Three = readonly [depth: number, height: number, width: number];

export interface VolumeWindow {
  readonly kernel: Three;
  readonly strides: Three;
  readonly dilations: Three;
  readonly before: Three;
  readonly after: Three;
}

const toLast = [0, 2, 3, 4, 1];
const toFirst = [0, 4, 1, 2, 3];
const constantList = (call: LowerCall, ...values: readonly number[]): string => call.tensor([values.length], values);
export const reshape = (call: LowerCall, name: string, ...item: readonly number[]): string =>
  call.add('Reshape', [name, call.number(0, ...item)]);

function slice(call: LowerCall, name: string, axis: number, from: number, end: number, step = 1): string {
  return call.add('Slice', [name, ...[from, end, axis, step].map((value) => constantList(call, value))]);
}

/** Zeros around dimensions of `[…]` with batch; negative ones crop. */
function padded(call: LowerCall, name: string, rank: number, pads: ReadonlyMap<number, readonly [number, number]>): string {
  if ([...pads.values()].every(([before, after]) => before === 0 && after === 0)) return name;
  const list = [0, 1].flatMap((end) => Array.from({ length: rank }, (_, d) => pads.get(d)?.[end as 0 | 1] ?? 0));
  return call.add('Pad', [name, constantList(call, ...list)]);
}

/** `[batch, rows, width, channels]` through a convolution of images, and as that again: no number is moved. */
function throughImage(call: LowerCall, op: string, rows: string, others: readonly string[], attributes: Parameters<LowerCall['add']>[2]): string {
  const image = call.add('Transpose', [rows], { perm: [0, 3, 1, 2] });
  const result = call.add(op, [image, ...others], attributes ?? {});
  return call.add('Transpose', [result], { perm: [0, 2, 3, 1] });
} // biome-ignore format: signature

/** Strides, dilations and the like; `pads` before and after. SAME is resolved by `size`, the size of a dimension of the result. */
function readVolumeWindow(
  call: LowerCall,
  kernel: Three,
  totalPad: (axis: number, extent: number, stride: number) => number,
): VolumeWindow {
  const { attributes, node } = call;
  const strides = attributes.numbers('strides', [1, 1, 1], 3) as Three;
  const dilations = attributes.numbers('dilations', [1, 1, 1], 3) as Three;
  const pads = attributes.numbers('pads', new Array<number>(6).fill(0), 6);
  const mode = attributes.string('auto_pad', 'NOTSET');
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(mode)) throw opUnsupported(node, `attribute auto_pad = "${mode}"`); // biome-ignore format: one condition
  const isSame = mode.startsWith('SAME');
  if ([...strides, ...dilations, ...kernel].some((n) => !(Number.isInteger(n) && n > 0)) || pads.some((n) => !(Number.isInteger(n) && n >= 0)))
    throw graphInvalid(node, 'strides, dilations and kernel must be positive integers, pads integers of 0 or more.'); // biome-ignore format: one condition
  attributes.numbers('kernel_shape', kernel, 3).forEach((size, axis) => {
    if (size !== kernel[axis]) throw graphInvalid(node, `kernel_shape contradicts a kernel of ${showShape(kernel)}.`);
  });
  const sides = ([0, 1, 2] as const).map((axis) => {
    if (!isSame) return mode === 'VALID' ? [0, 0] : [pads[axis]!, pads[axis + 3]!];
    const total = Math.max(0, totalPad(axis, dilations[axis] * (kernel[axis] - 1) + 1, strides[axis]));
    const smaller = Math.floor(total / 2);
    return mode === 'SAME_UPPER' ? [smaller, total - smaller] : [total - smaller, smaller];
  });
  const side = (end: number): Three => sides.map((pair) => pair[end]!) as unknown as Three;
  return { kernel, strides, dilations, before: side(0), after: side(1) };
}

const extentOf = ({ kernel, dilations }: VolumeWindow, axis: 0 | 1 | 2): number => dilations[axis] * (kernel[axis] - 1) + 1;

/** `[O, I, depth, height, width]` → `[O, depth · I, height, width]`; of a transposed convolution `[I, O, …]` → `[I, depth · O, …]`, O of one group. */
function depthAsChannels(call: LowerCall, shape: readonly number[], data: ArrayLike<number>): string {
  const [outputs, inputs, depth, ...plane] = shape as [number, number, number, number, number];
  const size = sizeOf(plane);
  const moved = new Float32Array(sizeOf(shape));
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let k = 0; k < depth; k++)
        for (let at = 0; at < size; at++)
          moved[((o * depth + k) * inputs + i) * size + at] = data[((o * inputs + i) * depth + k) * size + at]!;
  return call.tensor([outputs, depth * inputs, ...plane], moved);
}

export function convolveVolume(call: LowerCall): void {
  const [channels, ...volume] = call.shape(0) as [number, number, number, number];
  const weight = call.constant(1);
  if (weight?.shape.length !== 5) throw graphInvalid(call.node, `a weight of five dimensions is expected, got ${showShape(weight?.shape ?? [])}.`); // biome-ignore format: one condition
  const groups = call.attributes.number('group', 1);
  const [outputs, inner, ...kernel] = weight.shape as [number, number, number, number, number];
  if (inner * groups !== channels) throw graphInvalid(call.node, `weight ${showShape(weight.shape)} with ${groups} groups does not fit ${channels} channels.`); // biome-ignore format: one condition
  const window = readVolumeWindow(call, kernel, (axis, extent, stride) => (Math.ceil(volume[axis]! / stride) - 1) * stride + extent - volume[axis]!); // biome-ignore format: one line
  call.attributes.finish();
  const { strides, dilations, before, after } = window;
  const output = ([0, 1, 2] as const).map((axis) => Math.floor((volume[axis]! + before[axis] + after[axis] - extentOf(window, axis)) / strides[axis]) + 1); // biome-ignore format: one line
  if (output.some((size) => !(size >= 1))) throw graphInvalid(call.node, `a window of ${kernel.join('x')} does not fit into ${volume.join('x')} with these pads.`); // biome-ignore format: one condition
  const [depth, height, width] = output as [number, number, number];
  // Rows of a slice, so that each begins where a window does.
  const rows = Math.ceil((volume[1]! + before[1] + after[1]) / strides[1]) * strides[1];
  const last = call.add('Transpose', [call.input(0)], { perm: toLast });
  const full = padded(call, last, 5, new Map([[1, [before[0], after[0]]], [2, [before[1], rows - volume[1]! - before[1]]]])); // biome-ignore format: one line
  const taps = Array.from({ length: kernel[0] }, (_, tap) => {
    const from = tap * dilations[0];
    const isAll = depth === volume[0]! + before[0] + after[0];
    const part = isAll ? full : slice(call, full, 1, from, from + (depth - 1) * strides[0] + 1, strides[0]);
    return reshape(call, part, depth, rows, volume[2]!, groups, inner);
  });
  const joined = taps.length === 1 ? taps[0]! : call.add('Concat', taps, { axis: 5 });
  const tall = reshape(call, joined, depth * rows, volume[2]!, groups * kernel[0] * inner);
  const bottom = Math.max(0, extentOf(window, 1) - strides[1]);
  const filters = depthAsChannels(call, weight.shape, weight.data);
  const result = throughImage(call, 'Conv', tall, [filters, ...(call.has(2) ? [call.input(2)] : [])], {
    strides: strides.slice(1), dilations: dilations.slice(1), pads: [0, before[2], bottom, after[2]], group: groups,
  }); // biome-ignore format: one call
  const slices = reshape(call, result, depth, rows / strides[1], width, outputs);
  const cut = rows / strides[1] === height ? slices : slice(call, slices, 2, 0, height);
  call.finish('Transpose', [cut], { perm: toFirst });
}

export function convolveVolumeBack(call: LowerCall): void {
  const [channels, ...volume] = call.shape(0) as [number, number, number, number];
  const weight = call.constant(1);
  if (weight?.shape.length !== 5) throw graphInvalid(call.node, `a weight of five dimensions is expected, got ${showShape(weight?.shape ?? [])}.`); // biome-ignore format: one condition
  const { attributes } = call;
  const groups = attributes.number('group', 1);
  const [inputs, outputs, ...kernel] = weight.shape as [number, number, number, number, number];
  const extra = attributes.numbers('output_padding', [0, 0, 0], 3);
  const wanted = attributes.has('output_shape') ? attributes.numbers('output_shape', [], 3) : undefined;
  if (inputs !== channels || inputs % groups !== 0) throw graphInvalid(call.node, `weight ${showShape(weight.shape)} with ${groups} groups does not fit ${channels} channels.`); // biome-ignore format: one condition
  if (wanted !== undefined) throw opUnsupported(call.node, 'attribute output_shape of a volume');
  // SAME: the result is as large as the input times the stride.
  const window = readVolumeWindow(call, kernel, (axis, extent, stride) => extent - stride + extra[axis]!);
  attributes.finish();
  const { strides, before, after } = window;
  const full = ([0, 1, 2] as const).map((axis) => strides[axis] * (volume[axis]! - 1) + extentOf(window, axis));
  const output = ([0, 1, 2] as const).map((axis) => full[axis]! + extra[axis]! - before[axis] - after[axis]);
  if (output.some((size) => !(Number.isInteger(size) && size >= 1)) || extra.some((size, axis) => !(size >= 0 && size <= strides[axis as 0 | 1 | 2])))
    throw graphInvalid(call.node, `pads leave ${output.join('x')} of ${volume.join('x')}.`); // biome-ignore format: one condition
  const slices = transposedSlices(call, window, { volume, groups, weight: depthAsChannels(call, weight.shape, weight.data), outputs, output, full, extra }); // biome-ignore format: one call
  const summed = call.add('Transpose', [addedUp(call, window, slices, volume[0]!, output, groups * outputs)], { perm: toFirst }); // biome-ignore format: one call
  if (!call.has(2)) call.finish('Identity', [summed]);
  else call.finish('Add', [summed, call.tensor([groups * outputs, 1, 1, 1], call.constant(2)!.data)]);
}

interface Transposed {
  readonly volume: readonly number[];
  readonly groups: number;
  readonly weight: string;
  readonly outputs: number;
  readonly output: readonly number[];
  readonly full: readonly number[];
  readonly extra: readonly number[];
}

/** What each slice adds, for each tap of the depth: `[depth, taps, height, width, channels]` after the batch. */
function transposedSlices(call: LowerCall, window: VolumeWindow, what: Transposed): string {
  const { volume, groups, outputs, output, full, extra } = what;
  const { kernel, strides, dilations, before, after } = window;
  const [depth, height, width] = volume as [number, number, number];
  const extent = extentOf(window, 1);
  const needed = Math.max(full[1]!, before[1] + output[1]!);
  const rows = Math.max(height, Math.ceil(needed / strides[1]));
  const last = call.add('Transpose', [call.input(0)], { perm: toLast });
  const spaced = padded(call, last, 5, new Map([[2, [0, rows - height]]])); // biome-ignore format: one line
  const tall = reshape(call, spaced, depth * rows, width, sizeOf(call.shape(0).slice(0, 1)));
  const result = throughImage(call, 'ConvTranspose', tall, [what.weight], {
    strides: strides.slice(1), dilations: dilations.slice(1), group: groups,
    pads: [0, before[2], Math.max(0, extent - strides[1]), after[2]], output_padding: [Math.max(0, strides[1] - extent), extra[2]!],
  }); // biome-ignore format: one call
  const apart = reshape(call, result, depth, rows * strides[1], output[2]!, groups, kernel[0], outputs);
  const isAll = rows * strides[1] === output[1];
  const cut = isAll ? apart : slice(call, apart, 2, before[1], before[1] + output[1]!);
  const turned = call.add('Transpose', [cut], { perm: [0, 1, 5, 2, 3, 4, 6] });
  return reshape(call, turned, depth, kernel[0], output[1]!, output[2]!, groups * outputs);
}

/** Tap k of slice z belongs to slice z · stride + k · dilation − pad of the result. */
function addedUp(call: LowerCall, { kernel, strides, dilations, before }: VolumeWindow, slices: string, depth: number, output: readonly number[], channels: number): string {
  const [wanted, ...plane] = [...output, channels] as [number, number, number, number];
  const size = sizeOf(plane);
  const fitted = (name: string, from: number): string => {
    const placed = padded(call, reshape(call, name, depth * strides[0], size), 3, new Map([[1, [from, wanted - from - depth * strides[0]]]])); // biome-ignore format: one line
    return reshape(call, placed, wanted, ...plane);
  };
  if (kernel[0] === strides[0] && dilations[0] === 1) return fitted(slices, -before[0]);
  const flat = reshape(call, slices, depth, kernel[0], size);
  const parts = Array.from({ length: kernel[0] }, (_, tap) => {
    const part = padded(call, slice(call, flat, 2, tap, tap + 1), 4, new Map([[2, [0, strides[0] - 1]]]));
    return fitted(part, tap * dilations[0] - before[0]);
  });
  return parts.reduce((sum, part) => call.add('Add', [sum, part]));
} // biome-ignore format: signature

/**
 * Convolutions and pools over images that are merged with the batch, `[batch · windows, channels, …]`: the windows of an item
 * lie under each other in one image, each padded on its own to a multiple of the stride, and rows that reach into the next
 * one are cut away. Neither moves a sum.
 */
import { showShape, sizeOf } from '../../graph/shapes.ts';
import { Chain } from './chain.ts';
import { sameLayout } from './layout.ts';
import type { Move, MovedNodes, Rewrite } from './move.ts';

interface Windows {
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  /** What a window reaches over downwards, holes and all. */
  readonly reach: number;
  /** Sides of one result. */
  readonly sides: readonly number[];
}

/** Attributes with their defaults, for an image of `sizes`. */
function windowsOf(move: Move, kernel: readonly number[], sizes: readonly number[]): Windows {
  const list = (name: string, fallback: number, length = kernel.length): readonly number[] => {
    const given = move.list(name, Number.MAX_SAFE_INTEGER) ?? new Array<number>(length).fill(fallback);
    return given.length === length ? given : move.refuse(`attribute ${name} of ${given.length} numbers`);
  };
  const [strides, dilations, pads] = [list('strides', 1), list('dilations', 1), list('pads', 0, 2 * kernel.length)];
  if ((move.node.attributes.get('auto_pad')?.value ?? 'NOTSET') !== 'NOTSET') move.refuse('attribute auto_pad');
  if (move.node.outputs.slice(1).some((name) => name !== '')) move.refuse('a second output');
  const isCeiled = move.number('ceil_mode', 0) !== 0;
  const reaches = kernel.map((size, d) => (size - 1) * dilations[d]! + 1);
  const counts = sizes.map((size, d) => {
    const [before, stride] = [pads[d]!, strides[d]!];
    const span = (size + before + pads[d + kernel.length]! - reaches[d]!) / stride;
    const count = (isCeiled ? Math.ceil(span) : Math.floor(span)) + 1;
    // A window that would begin in the padding at the end is left out.
    return isCeiled && (count - 1) * stride >= size + before ? count - 1 : count;
  });
  if (counts.some((count) => !(count >= 1)) || (isCeiled && reaches[0]! < strides[0]!)) move.refuse('windows of this size');
  return { strides, pads, reach: reaches[0]!, sides: counts };
}

/** `padding`: what stands outside an image; undefined where nothing may. */
function stacked(move: Move, kernel: readonly number[], padding: number | undefined): MovedNodes {
  const { item, layout } = move.moved;
  const count = layout.before + layout.after;
  const lead = item.slice(0, count);
  const [channels, height, ...width] = item.slice(count) as [number, number, ...number[]];
  if (layout.axis !== 0 || width.length + 1 !== kernel.length || kernel.length > 2) move.refuse('this form');
  const { strides, pads, reach, sides } = windowsOf(move, kernel, [height, ...width]);
  const [rows, ...columns] = sides as [number, ...number[]];
  const [before, after] = [pads[0]!, pads[kernel.length]!];
  if (padding === undefined && (before !== 0 || after !== 0)) move.refuse('padding that is not counted');
  const [stride, images] = [strides[0]!, sizeOf(lead)];
  const whole = Math.ceil(Math.max(height + before + after, (rows - 1) * stride + reach) / stride) * stride;
  const outputs = move.constant(1)?.shape[0] ?? channels;

  const chain = new Chain(move);
  const numbers = (...values: number[]): string => move.add(values);
  const [x, ...weights] = move.node.inputs as [string, ...string[]];
  const turned = [0, 2, 1, ...sides.map((_, d) => d + 3)];
  const split = chain.add('Reshape', [x, numbers(0, images, channels, height, ...width)]);
  let image = chain.add('Transpose', [split], { perm: turned });
  if (whole > height) {
    const outside = move.add(Float32Array.of(padding ?? 0), [], 'float32');
    image = chain.add('Pad', [image, numbers(before, whole - height - before), outside, numbers(3)]);
  }
  image = chain.add('Reshape', [image, numbers(0, channels, images * whole, ...width)]);
  const rest = [...pads.slice(1, kernel.length), Math.max(0, reach - stride), ...pads.slice(kernel.length + 1)];
  image = chain.add(move.node.op, [image, ...weights], { pads: [0, ...rest] });
  image = chain.add('Reshape', [image, numbers(0, outputs, images, whole / stride, ...columns)]);
  if (whole / stride > rows) image = chain.add('Slice', [image, numbers(0), numbers(rows), numbers(3)]);
  image = chain.add('Transpose', [image], { perm: turned });
  return { nodes: chain.end('Reshape', [image, numbers(0, ...lead, outputs, rows, ...columns)]), layout };
}

const Conv: Rewrite = (move) => {
  const weight = move.constant(1) ?? move.refuse('a computed weight');
  return stacked(move, weight.shape.slice(2), 0);
};

const kernelOf = (move: Move): readonly number[] => move.list('kernel_shape', Number.MAX_SAFE_INTEGER) ?? move.refuse('no kernel_shape'); // biome-ignore format: one line

const MaxPool: Rewrite = (move) => stacked(move, kernelOf(move), -Infinity);

/** A mean over what lies in the image alone is not that of zeros around it. */
const AveragePool: Rewrite = (move) =>
  stacked(move, kernelOf(move), move.number('count_include_pad', 0) === 0 ? undefined : 0);

const globally =
  (op: string): Rewrite =>
  (move) => {
    const { item, layout } = move.moved;
    const count = layout.before + layout.after;
    if (layout.axis !== 0) move.refuse('the op');
    const axes = item.slice(count + 1).map((_, d) => count + 2 + d);
    const isInput = move.state.opset >= 18;
    const [x] = move.node.inputs;
    const node = isInput ? move.with([x!, move.add(axes)], { keepdims: 1 }, op) : move.with([x!], { axes, keepdims: 1 }, op);
    return { nodes: [node], layout };
  };

/** Each image with the grid that stands at its place. */
const GridSample: Rewrite = (move) => {
  const [image, grid] = [move.layoutOf(0), move.layoutOf(1)];
  const isMerged = image.axis === 0 && image.before + image.after > 0 && move.constant(0) === undefined;
  if (!isMerged || !sameLayout(image, grid) || move.constant(1) !== undefined)
    move.refuse('images and grids in different places');
  const count = image.before + image.after;
  const sizes = [0, 1].map((index) => showShape(move.shape(index).slice(0, count)));
  if (sizes[0] !== sizes[1]) move.refuse(`${sizes[0]} images and ${sizes[1]} grids`);
  return { nodes: [move.node], layout: image };
};

export const windowRewrites: Readonly<Record<string, Rewrite>> = {
  AveragePool,
  Conv,
  GlobalAveragePool: globally('ReduceMean'),
  GlobalMaxPool: globally('ReduceMax'),
  GridSample,
  MaxPool,
};

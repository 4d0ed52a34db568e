/**
 * GridSample: each output pixel reads an image at coordinates of its own. Coordinates, weights and places are elementwise
 * arithmetic, each tap is a gather of pixels. Borders are those of PyTorch, which onnxruntime has too: taps are moved inside one by
 * one. https://onnx.ai/onnx/operators/onnx__GridSample.html
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { rowMajorStrides, showShape, sizeOf } from '../../graph/shapes.ts';
import { usual } from '../batch/layout.ts';
import { madeTensor } from './indices.ts';
import type { LowerCall } from './lower-call.ts';

const modes: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic', linear: 'linear', cubic: 'cubic', nearest: 'nearest' }; // biome-ignore format: one table
/** Places are counted in float32. */
const mostPixels = 2 ** 24;

interface Sampling {
  readonly mode: string;
  readonly padding: string;
  readonly isAligned: boolean;
  /** Place of a row of zeros behind all pixels, where zeros are around the image: no weight of 0, whose product with infinity is NaN. */
  readonly zeros?: number;
}

/** A pixel along one dimension, as the place of its row and what it counts. */
interface Tap {
  readonly place: string;
  readonly weight: string | undefined;
}

/** Writes elementwise nodes on `[points, 1]` values. */
class Arithmetic {
  readonly call: LowerCall;

  constructor(call: LowerCall) {
    this.call = call;
  }

  of(op: string, a: string, b: string | number): string {
    return this.call.add(op, [a, typeof b === 'number' ? this.call.number(b) : b]);
  }

  clip(x: string, low: number, high: number): string {
    return this.call.add('Clip', [x, this.call.number(low), this.call.number(high)]);
  }

  /** ((… a0 · x + a1) · x + …): a polynomial from its highest power. */
  polynomial(x: string, [first, ...rest]: readonly number[]): string {
    let value = this.of('Mul', x, first!);
    for (const [index, coefficient] of rest.entries()) {
      if (coefficient !== 0) value = this.of('Add', value, coefficient);
      if (index < rest.length - 1) value = this.of('Mul', value, x);
    }
    return value;
  }
}

/** From −1 … 1 to pixels. With corners aligned, ±1 are the middles of the outermost pixels, else their outer edges. */
function toPixels(to: Arithmetic, x: string, length: number, isAligned: boolean): string {
  const from0 = to.of('Add', x, 1);
  if (isAligned) return to.of('Mul', from0, (length - 1) / 2);
  return to.of('Mul', to.of('Sub', to.of('Mul', from0, length), 1), 0.5);
}

/** There and back between the borders. */
function reflected(to: Arithmetic, x: string, length: number, isAligned: boolean): string {
  const [low, span] = isAligned ? [0, length - 1] : [-0.5, length];
  if (span === 0) return x;
  const way = to.call.add('Mod', [to.call.add('Abs', [to.of('Sub', x, low)]), to.call.number(2 * span)], { fmod: 1 });
  const back = to.call.add('Sub', [to.call.number(2 * span), way]);
  return to.of('Add', to.of('Min', way, back), low);
}

/** A whole coordinate inside the image, times `stride`; outside, where zeros are around, at least the place of the zeros. */
function inside(to: Arithmetic, at: string, weight: string | undefined, length: number, stride: number, how: Sampling): Tap {
  const moved = how.padding === 'reflection' ? reflected(to, at, length, how.isAligned) : at;
  const clipped = to.clip(moved, 0, length - 1);
  const place = stride === 1 ? clipped : to.of('Mul', clipped, stride);
  if (how.zeros === undefined) return { place, weight };
  return { place: to.call.add('Where', [to.of('Equal', at, clipped), place, to.call.number(how.zeros)]), weight };
} // biome-ignore format: signature

/** Keys' kernel with a = −0.75, as polynomials of the fraction. */
const a = -0.75;
const cubic = [
  [a, -2 * a, a, 0],
  [a + 2, -(a + 3), 0, 1],
  [-(a + 2), 2 * a + 3, -a, 0],
  [-a, a, 0, 0],
];

function tapsOf(to: Arithmetic, x: string, length: number, stride: number, how: Sampling): Tap[] {
  if (how.mode === 'nearest') {
    const moved = how.padding === 'reflection' ? to.clip(reflected(to, x, length, how.isAligned), 0, length - 1) : x;
    return [inside(to, to.call.add('Round', [moved]), undefined, length, stride, how)];
  }
  const floor = to.call.add('Floor', [x]);
  const fraction = to.of('Sub', x, floor);
  const linear = (): string[] => [to.call.add('Sub', [to.call.number(1), fraction]), fraction];
  const weights = how.mode === 'linear' ? linear() : cubic.map((coefficients) => to.polynomial(fraction, coefficients));
  const before = how.mode === 'linear' ? 0 : -1;
  return weights.map((weight, index) => {
    const shift = index + before;
    return inside(to, shift === 0 ? floor : to.of('Add', floor, shift), weight, length, stride, how);
  });
}

interface Rows {
  /** All pixels of an item, one a row, and behind them the zeros if there are some. */
  readonly name: string;
  readonly zeros: number | undefined;
}

/** Sums over the taps of each dimension in turn, the last one innermost. */
function interpolate(to: Arithmetic, rows: Rows, taps: readonly (readonly Tap[])[], place: string | undefined): string {
  const [first, ...rest] = taps;
  if (first === undefined) {
    const known = rows.zeros === undefined ? place! : to.of('Min', place!, rows.zeros);
    const flat = to.call.add('Reshape', [known, to.call.number(0, -1)]);
    return to.call.add('Gather', [rows.name, flat], { axis: 1, batch_dims: 1 });
  }
  const parts = first.map(({ place: own, weight }) => {
    const part = interpolate(to, rows, rest, place === undefined ? own : to.of('Add', place, own));
    return weight === undefined ? part : to.of('Mul', part, weight);
  });
  return parts.reduce((sum, part) => to.of('Add', sum, part));
} // biome-ignore format: signature

function samplingOf(call: LowerCall): Omit<Sampling, 'zeros'> {
  const given = call.attributes.string('mode', 'linear');
  const mode = Object.hasOwn(modes, given) ? modes[given]! : undefined;
  const padding = call.attributes.string('padding_mode', 'zeros');
  const isAligned = call.attributes.number('align_corners', 0) !== 0;
  call.attributes.finish();
  if (mode === undefined) throw graphInvalid(call.node, `mode "${given}" is not known.`);
  if (!['zeros', 'border', 'reflection'].includes(padding)) throw graphInvalid(call.node, `padding_mode "${padding}" is not known.`); // biome-ignore format: one condition
  return { mode, padding, isAligned };
}

/** A constant grid is given to every item. */
function gridOf(call: LowerCall): { readonly name: string; readonly shape: readonly number[] } {
  const constant = call.state.constantOf(call.input(1));
  if (constant === undefined) return { name: call.input(1), shape: call.shape(1) };
  const [batch, ...shape] = constant.shape;
  if (batch !== 1)
    throw opUnsupported(call.node, `a constant grid ${showShape(constant.shape)} that differs from item to item`);
  return { name: call.add('Expand', [call.input(1), call.number(1, ...shape)]), shape };
}

/** Images that are merged with the batch, each with a grid of its own: how many an item has. */
function imagesOf(call: LowerCall): readonly number[] {
  const { before, after } = call.state.layouts.get(call.input(0)) ?? usual;
  return call.shape(0).slice(0, before + after);
}

/** Where the image of each point begins among the rows of all images of an item. */
function starts(call: LowerCall, lead: readonly number[], image: readonly number[], points: readonly number[]): string | undefined {
  if (lead.length === 0) return undefined;
  const [count, pixels] = [sizeOf(points), sizeOf(image)];
  return madeTensor(call, [sizeOf(lead) * count, 1], Float64Array.from({ length: sizeOf(lead) * count }, (_, at) => Math.floor(at / count) * pixels)); // biome-ignore format: one call
} // biome-ignore format: signature

export function GridSample(call: LowerCall): void {
  const given = samplingOf(call);
  const lead = imagesOf(call);
  const [channels = 0, ...image] = call.shape(0).slice(lead.length);
  const grid = gridOf(call);
  const points = grid.shape.slice(lead.length, -1);
  if (image.length < 1 || points.length !== image.length || grid.shape.at(-1) !== image.length)
    throw graphInvalid(call.node, `a grid ${showShape(grid.shape)} does not fit images ${showShape(image)}.`);
  if (image.length > 3 || (image.length === 3 && given.mode === 'cubic'))
    throw opUnsupported(call.node, `${given.mode} interpolation in ${image.length} dimensions`);
  if (sizeOf(lead) * sizeOf(image) >= mostPixels) throw opUnsupported(call.node, `images of ${mostPixels} pixels and more`);
  const to = new Arithmetic(call);
  const own = lead.map((_, d) => d + 1);
  const after = own.length;
  const perm = [0, ...own, ...image.map((_, d) => after + d + 2), after + 1];
  const pixels = sizeOf(lead) * sizeOf(image);
  const zeros = given.padding === 'zeros' ? pixels : undefined;
  const how: Sampling = zeros === undefined ? given : { ...given, zeros };
  const plain = call.add('Reshape', [call.add('Transpose', [call.input(0)], { perm }), call.number(0, pixels, channels)]);
  const name = zeros === undefined ? plain : call.add('Pad', [plain, call.number(0, 0, 0, 0, 1, 0)]);
  const coordinates = call.add('Reshape', [grid.name, call.number(0, sizeOf(lead) * sizeOf(points), image.length)]);
  const strides = rowMajorStrides(image);
  const taps = image.map((length, d) => {
    // The grid has the last dimension first.
    const column = image.length - 1 - d;
    const x = call.add('Slice', [coordinates, ...[column, column + 1, 2].map((value) => call.tensor([1], [value]))]);
    return tapsOf(to, toPixels(to, x, length, how.isAligned), length, strides[d]!, how);
  });
  const y = call.add('Reshape', [interpolate(to, { name, zeros }, taps, starts(call, lead, image, points)), call.number(0, ...lead, ...points, channels)]); // biome-ignore format: one value
  call.finish('Transpose', [y], { perm: [0, ...own, after + image.length + 1, ...image.map((_, d) => after + d + 1)] });
}

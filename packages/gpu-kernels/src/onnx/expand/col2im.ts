/**
 * Col2Im, which is torch's Fold: columns of a sliding window are added up where they came from. Windows side by side are only laid out
 * again; others are a transposed convolution whose filters each hold one 1. https://onnx.ai/onnx/operators/onnx__Col2Im.html
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { integersOf } from '../node-call.ts';
import type { Expansion } from './expansion.ts';

interface Window {
  readonly image: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

function readWindow(to: Expansion): Window {
  const [image, kernel] = [1, 2].map((index) => {
    const constant = to.constant(index);
    if (constant === undefined) throw opUnsupported(to.node, `input ${index} is computed, only a constant is implemented there`); // biome-ignore format: one condition
    return integersOf(constant, to.node);
  }) as [number[], number[]];
  const rank = image.length;
  if (rank < 1 || rank > 3 || kernel.length !== rank) throw opUnsupported(to.node, `an image of ${rank} dimensions and a window of ${kernel.length}, 1 to 3 are implemented`); // biome-ignore format: one condition
  const ones = new Array<number>(rank).fill(1);
  const strides = to.attributes.numbers('strides', ones, rank);
  const dilations = to.attributes.numbers('dilations', ones, rank);
  const pads = to.attributes.numbers('pads', [...ones, ...ones].map(() => 0), 2 * rank); // biome-ignore format: one line
  to.attributes.finish();
  if ([...image, ...kernel, ...strides, ...dilations].some((n) => !(n >= 1)) || pads.some((n) => !(n >= 0)))
    throw graphInvalid(to.node, 'sizes, strides and dilations must be positive, pads 0 or more.');
  return { image, kernel, strides, dilations, before: pads.slice(0, rank), after: pads.slice(rank) };
}

export function Col2Im(to: Expansion): void {
  const window = readWindow(to);
  const { image, kernel, strides, dilations, before, after } = window;
  const [, columns, count] = to.shapeOfRank(0, 3) as [number, number, number];
  const channels = columns / sizeOf(kernel);
  const extents = kernel.map((size, d) => dilations[d]! * (size - 1) + 1);
  const blocks = image.map((size, d) => Math.floor((size + before[d]! + after[d]! - extents[d]!) / strides[d]!) + 1);
  if (!Number.isInteger(channels) || sizeOf(blocks) !== count || blocks.some((size) => !(size >= 1)))
    throw graphInvalid(
      to.node,
      `${columns}x${count} columns do not fit ${blocks.join('x')} windows of ${kernel.join('x')}.`,
    );
  const covered = blocks.map((size, d) => strides[d]! * (size - 1) + extents[d]!);
  // What the windows cover, cut or followed by zeros to the image with its pads.
  const isTiled = kernel.every((size, d) => size === strides[d] && dilations[d] === 1);
  const whole = isTiled ? tiled(to, channels, window, blocks) : added(to, channels, window, blocks);
  const ends = image.map((size, d) => size + before[d]! - covered[d]!);
  const pads = [0, 0, ...before.map((pad) => -pad), 0, 0, ...ends];
  if (pads.every((pad) => pad === 0)) to.give('Identity', [whole]);
  else to.give('Pad', [whole, to.integers(...pads)]);
}

/** `[channels, taps…, blocks…]` → `[channels, block, tap, block, tap, …]`. */
function tiled(to: Expansion, channels: number, { kernel }: Window, blocks: readonly number[]): string {
  const rank = kernel.length;
  const apart = to.reshape(to.input(0), 0, channels, ...kernel, ...blocks);
  const turned = to.transpose(apart, 0, 1, ...kernel.flatMap((_, d) => [2 + rank + d, 2 + d]));
  return to.reshape(turned, 0, channels, ...blocks.map((size, d) => size * kernel[d]!));
}

function added(to: Expansion, channels: number, { kernel, strides, dilations }: Window, blocks: readonly number[]): string {
  const taps = sizeOf(kernel);
  const filters = to.computed('float32', [channels * taps, 1, ...kernel], (at) => Number(at % taps === Math.floor(at / taps) % taps)); // biome-ignore format: one line
  const columns = to.reshape(to.input(0), 0, channels * taps, ...blocks);
  return to.add('ConvTranspose', [columns, filters], { group: channels, strides, dilations });
}

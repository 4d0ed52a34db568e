/** Resize: sizes, scales and regions of the dimensions that a file names become those of all dimensions. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { readsOutside } from '../../graph/ops/resize.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { dependsOnBatch, isBatch } from '../constant.ts';
import { lowerByteResize } from './integer-resize.ts';
import type { LowerCall } from './lower-call.ts';

/** What is asked for, all dimensions with the batch first. */
interface Wanted {
  readonly sizes: readonly number[] | undefined;
  readonly scales: readonly number[] | undefined;
}

/** One scale for all dimensions of `axes`, so that none becomes larger, or smaller, than asked for; halves are rounded up. */
function keepingRatio(call: LowerCall, axes: readonly number[], sizes: readonly number[], policy: string): Wanted {
  if (policy !== 'not_larger' && policy !== 'not_smaller')
    throw graphInvalid(call.node, `keep_aspect_ratio_policy "${policy}" is none.`);
  const shape = [1, ...call.shape(0)];
  const ratios = axes.map((axis) => sizes[axis]! / shape[axis]!);
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  const isScaled = (axis: number): boolean => axes.includes(axis);
  return {
    scales: shape.map((_, axis) => (isScaled(axis) ? scale : 1)),
    sizes: shape.map((size, axis) => (isScaled(axis) ? Math.floor(scale * size + 0.5) : size)),
  };
}

function wantedOf(call: LowerCall, axes: readonly number[], policy: string): Wanted {
  const shape = call.shape(0);
  const [sizes, scales] = [call.constant(3), call.constant(2)];
  const isBySize = sizes !== undefined && sizes.data.length > 0;
  const list = isBySize ? sizes.data : scales?.data;
  if (list?.length !== axes.length) throw graphInvalid(call.node, `scales or sizes must have ${axes.length} entries, got ${list?.length ?? 0}.`); // biome-ignore format: one condition
  const full = [1, ...(isBySize ? shape : shape.map(() => 1))];
  for (const [index, axis] of axes.entries()) full[axis] = list[index]!;
  const [batch, ...rest] = full as [number, ...number[]];
  const keepsBatch = batch === 1 || (isBySize && (isBatch(batch) || batch === call.state.fixedBatch));
  if (!keepsBatch || (isBySize && rest.some(dependsOnBatch))) throw opUnsupported(call.node, 'resizing of the batch');
  if (isBySize && policy !== 'stretch') return keepingRatio(call, axes, [1, ...rest], policy);
  return isBySize ? { sizes: [1, ...rest], scales: undefined } : { sizes: undefined, scales: [1, ...rest] };
}

/** Starts and ends of all dimensions. */
function regionOf(call: LowerCall, axes: readonly number[]): readonly number[] {
  const region = call.constant(1)?.data ?? [];
  if (region.length !== 2 * axes.length)
    throw graphInvalid(call.node, `its region of interest must have ${2 * axes.length} entries, got ${region.length}.`);
  const rank = call.shape(0).length + 1;
  const full = [...new Array<number>(rank).fill(0), ...new Array<number>(rank).fill(1)];
  for (const [index, axis] of axes.entries()) {
    full[axis] = region[index]!;
    full[axis + rank] = region[index + axes.length]!;
  }
  if (full[0] !== 0 || full[rank] !== 1) throw opUnsupported(call.node, 'a part of the batch');
  return full;
}

/** Those of `axes` alone since opset 18. */
export function Resize(call: LowerCall): void {
  const { attributes } = call;
  const policy = attributes.string('keep_aspect_ratio_policy', 'stretch');
  const rank = call.shape(0).length + 1;
  const all = Array.from({ length: rank }, (_, d) => d);
  const axes = attributes.numbers('axes', all).map((axis) => axisOf(axis, rank, call.node));
  const isCropped = attributes.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const { keep_aspect_ratio_policy: _, axes: __, of_opset_10: isOld, ...passed } = call.given;
  const { sizes, scales } = wantedOf(call, axes, policy);
  if (isOld === 1 && attributes.string('mode', 'nearest') === 'nearest' && scales?.some((scale) => scale < 1))
    throw opUnsupported(call.node, 'Resize before opset 11 that shrinks to the nearest, whose rounding is not defined');
  const region = isCropped ? regionOf(call, axes) : undefined;
  const isOfBytes = call.state.types.has(call.input(0)) && attributes.string('mode', 'nearest') === 'linear';
  if (isOfBytes && call.state.mode !== 'weights-only') {
    lowerByteResize(call, {
      list: (scales ?? sizes)!,
      isBySize: scales === undefined,
      outputs: sizes,
      roi: region,
      attributes: passed,
    });
    return;
  }
  const optional = (list: readonly number[] | undefined): string => (list === undefined ? '' : call.number(...list));
  const inputs = [call.input(0), optional(region), optional(scales), ...(sizes === undefined ? [] : [optional(sizes)])];
  const mask = region === undefined ? undefined : outsideMask(call, region, { sizes, scales });
  if (mask === undefined) call.finish('Resize', inputs, passed);
  else call.finish('Where', [mask, call.number(attributes.number('extrapolation_value', 0)), call.add('Resize', inputs, passed)]); // biome-ignore format: one choice
}

/** Truth where any dimension is read outside the image; undefined where none is. */
function outsideMask(call: LowerCall, region: readonly number[], { sizes, scales }: Wanted): string | undefined {
  const shape = call.shape(0);
  const outside = shape.map((size, d) => {
    const output = sizes?.[d + 1] ?? Math.floor(Math.fround(size * scales![d + 1]!));
    // The planner refuses longer sides in words.
    const isFit = Number.isInteger(output) && output >= 1 && output <= 65_536;
    return isFit ? readsOutside({ size, output, start: region[d + 1]!, end: region[d + 2 + shape.length]! }) : [false];
  });
  const isSpread = outside.map((list) => list.includes(true));
  if (!isSpread.includes(true)) return undefined;
  const mask = outside.map((list, d) => (isSpread[d] ? list.length : 1));
  call.state.spendFolded(sizeOf(mask), call.node);
  const values = Array.from({ length: sizeOf(mask) }, (_, at) =>
    Number(outside.some((list, d) => list[Math.floor(at / sizeOf(mask.slice(d + 1))) % mask[d]!])),
  );
  return call.tensor(mask, values);
}

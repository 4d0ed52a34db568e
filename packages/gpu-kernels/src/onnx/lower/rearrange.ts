/** DepthToSpace, SpaceToDepth, Trilu, CumSum, LogSoftmax and reductions with a logarithm as ops of the planner. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import type { LowerCall } from './lower-call.ts';

/** Channels, height and width of an image value, and the block's side. */
function blockOf(call: LowerCall): readonly [channels: number, height: number, width: number, block: number] {
  const shape = call.shape(0);
  const block = call.attributes.number('blocksize', 0);
  if (shape.length !== 3) throw opUnsupported(call.node, 'only [batch, channels, height, width] is implemented');
  if (!Number.isInteger(block) || block < 1) throw graphInvalid(call.node, `blocksize ${block} is no size.`);
  return [...(shape as [number, number, number]), block];
}

function isDepthFirstOf(call: LowerCall): boolean {
  const mode = call.attributes.string('mode', 'DCR');
  if (mode !== 'DCR' && mode !== 'CRD') throw graphInvalid(call.node, `mode "${mode}" is none.`);
  return mode === 'DCR';
}

/** [d, d, c] or, with mode CRD, [c, d, d] channels become d x d pixels of c channels. */
export function DepthToSpace(call: LowerCall): void {
  const [channels, height, width, d] = blockOf(call);
  const isDepthFirst = isDepthFirstOf(call);
  call.attributes.finish();
  const c = channels / d / d;
  if (!Number.isInteger(c)) throw graphInvalid(call.node, `${channels} channels do not fall into blocks of ${d} x ${d}.`);
  const apart = call.add('Reshape', [
    call.input(0),
    call.number(0, ...(isDepthFirst ? [d, d, c] : [c, d, d]), height, width),
  ]);
  const perm = isDepthFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  const turned = call.add('Transpose', [apart], { perm });
  call.finish('Reshape', [turned, call.number(0, c, height * d, width * d)]);
}

/** Each block's pixels become channels: [d, d, channels], or since opset 28 with mode CRD [channels, d, d]. */
export function SpaceToDepth(call: LowerCall): void {
  const [channels, height, width, d] = blockOf(call);
  const isDepthFirst = isDepthFirstOf(call);
  call.attributes.finish();
  if (height % d !== 0 || width % d !== 0)
    throw graphInvalid(call.node, `${height} x ${width} pixels do not fall into blocks of ${d} x ${d}.`);
  const apart = call.add('Reshape', [call.input(0), call.number(0, channels, height / d, d, width / d, d)]);
  const turned = call.add('Transpose', [apart], { perm: isDepthFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4] });
  call.finish('Reshape', [turned, call.number(0, channels * d * d, height / d, width / d)]);
}

/** The upper or lower triangle of each matrix, the rest 0. */
export function Trilu(call: LowerCall): void {
  const isUpper = call.attributes.number('upper', 1) !== 0;
  call.attributes.finish();
  const [rows, columns] = call.shape(0).slice(-2);
  if (rows === undefined || columns === undefined) throw opUnsupported(call.node, 'each item must hold matrices');
  const k = call.constant(1)?.data[0] ?? 0;
  const mask = Array.from({ length: rows * columns }, (_, index) => {
    const above = (index % columns) - Math.floor(index / columns) - k;
    return Number(isUpper ? above >= 0 : above <= 0);
  });
  call.finish('Where', [call.tensor([rows, columns], mask), call.input(0), call.number(0)]);
}

/**
 * Sums of all numbers up to each: to each sum of 1, 2, 4 … numbers that of as many before them is added (Hillis and Steele, 1986).
 * A product with a triangle of ones takes fewer steps, but multiplies what is left out by 0, and an infinity there is then NaN.
 */
export function CumSum(call: LowerCall): void {
  const isExclusive = call.attributes.number('exclusive', 0) !== 0;
  const isReverse = call.attributes.number('reverse', 0) !== 0;
  call.attributes.finish();
  const shape = call.shape(0);
  const axis = axisOf(call.constant(1)?.data[0] ?? Number.NaN, shape.length + 1, call.node);
  if (axis === 0) throw opUnsupported(call.node, 'sums over the batch');
  const shifted = (name: string, by: number): string => {
    const along = (size: number): number[] => [0, ...shape].map((_, d) => (d === axis ? size : 0));
    const forward = isReverse ? -by : by;
    return call.add('Pad', [name, call.number(...along(forward), ...along(-forward))]);
  };
  let sum = isExclusive ? shifted(call.input(0), 1) : call.input(0);
  for (let by = 1; by < shape[axis - 1]!; by *= 2) sum = call.add('Add', [sum, shifted(sum, by)]);
  call.finish('Identity', [sum]);
}

/** x − m − log Σ e^(x − m) with the largest m, so that no exponential overflows. Before opset 13 over all dimensions from `axis`. */
export function LogSoftmax(call: LowerCall): void {
  const rank = call.shape(0).length + 1;
  const isOld = call.opset < 13;
  const axis = axisOf(call.attributes.number('axis', isOld ? 1 : -1), rank, call.node);
  call.attributes.finish();
  const axes = isOld ? Array.from({ length: rank - axis }, (_, d) => axis + d) : [axis];
  const shifted = call.add('Sub', [call.input(0), call.add('ReduceMax', [call.input(0)], { axes, keepdims: 1 })]);
  const sum = call.add('ReduceSum', [call.add('Exp', [shifted])], { axes, keepdims: 1 });
  call.finish('Sub', [shifted, call.add('Log', [sum])]);
}

/** Axes and keepdims as attributes; undefined where nothing is reduced. */
function reduction(call: LowerCall): { axes?: readonly number[]; keepdims: number } | undefined {
  const axes = call.list('axes', 1);
  const keepdims = call.attributes.number('keepdims', 1);
  const isIdentity = call.attributes.number('noop_with_empty_axes', 0) !== 0;
  call.attributes.finish();
  if (axes !== undefined && axes.length > 0) return { axes, keepdims };
  return isIdentity ? undefined : { keepdims };
}

export function ReduceLogSum(call: LowerCall): void {
  const attributes = reduction(call);
  call.finish('Log', [attributes === undefined ? call.input(0) : call.add('ReduceSum', [call.input(0)], attributes)]);
}

/** m + log Σ e^(x − m) with the largest m. */
export function ReduceLogSumExp(call: LowerCall): void {
  const attributes = reduction(call);
  if (attributes === undefined) {
    call.finish('Identity', [call.input(0)]);
    return;
  }
  const largest = call.add('ReduceMax', [call.input(0)], { ...attributes, keepdims: 1 });
  const sum = call.add('ReduceSum', [call.add('Exp', [call.add('Sub', [call.input(0), largest])])], attributes);
  const shift = attributes.keepdims === 1 ? largest : call.add('ReduceMax', [call.input(0)], attributes);
  call.finish('Add', [call.add('Log', [sum]), shift]);
}

/** ArgMax, ArgMin, Hardmax, OneHot and TopK: comparisons with all places at once, so that no step searches. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { isFloat } from '../constant.ts';
import { checkCompared, checkCounted, counting, madeTensor, mostCompared, wrapped } from './indices.ts';
import type { LowerCall } from './lower-call.ts';

/** Places along dimension `axis` (batch first) where x is as its largest, or smallest; elsewhere `otherwise`. */
function placesOfExtreme(call: LowerCall, axis: number, reduce: 'ReduceMax' | 'ReduceMin', otherwise: number): string {
  const shape = call.shape(0);
  if (axis === 0) throw opUnsupported(call.node, 'an index over the batch');
  checkCounted(call, shape[axis - 1]!);
  const extreme = call.add(reduce, [call.input(0)], { axes: [axis], keepdims: 1 });
  const isExtreme = call.add('Equal', [call.input(0), extreme]);
  return call.add('Where', [isExtreme, counting(call, shape[axis - 1]!, shape.length - axis), call.number(otherwise)]);
}

/** The first place of the largest, or the last one. Of numbers that are none a place that does not exist: their count. */
const argument =
  (reduce: 'ReduceMax' | 'ReduceMin') =>
  (call: LowerCall): void => {
    const shape = call.shape(0);
    const axis = axisOf(call.attributes.number('axis', 0), shape.length + 1, call.node);
    const keepdims = call.attributes.number('keepdims', 1);
    const isLast = call.attributes.number('select_last_index', 0) !== 0;
    call.attributes.finish();
    const places = placesOfExtreme(call, axis, reduce, isLast ? -1 - (shape[axis - 1] ?? 0) : (shape[axis - 1] ?? 0));
    call.finish(isLast ? 'ReduceMax' : 'ReduceMin', [places], { axes: [axis], keepdims });
  };

export const ArgMax = argument('ReduceMax');
export const ArgMin = argument('ReduceMin');

/** 1 at the first place of the largest, else 0. Before opset 13 over all dimensions from `axis`. */
export function Hardmax(call: LowerCall): void {
  const shape = call.shape(0);
  const isOld = call.opset < 13;
  const axis = axisOf(call.attributes.number('axis', isOld ? 1 : -1), shape.length + 1, call.node);
  call.attributes.finish();
  if (isOld && axis !== shape.length) throw opUnsupported(call.node, `axis ${axis} of ${shape.length} before opset 13`);
  const places = placesOfExtreme(call, axis, 'ReduceMax', shape[axis - 1] ?? 0);
  const first = call.add('ReduceMin', [places], { axes: [axis], keepdims: 1 });
  call.finish('Equal', [counting(call, shape[axis - 1]!, shape.length - axis), first]);
}

/** Indices that leave the depth have only off values, as ONNX says. */
export function OneHot(call: LowerCall): void {
  const shape = call.shape(0);
  const axis = axisOf(call.attributes.number('axis', -1), shape.length + 2, call.node);
  call.attributes.finish();
  const [depth, values] = [call.constant(1)?.data ?? [], call.constant(2)?.data ?? []];
  const [count] = depth;
  if (axis === 0) throw opUnsupported(call.node, 'a dimension before the batch');
  if (depth.length !== 1 || count === undefined || !Number.isInteger(count) || count < 1 || values.length !== 2)
    throw graphInvalid(call.node, `a depth of 1 or more and two values are expected, got depth ${count} and ${values.length} values.`); // biome-ignore format: one condition
  checkCounted(call, count);
  checkCounted(call, sizeOf(shape) * count);
  if (!isFloat(call.constant(2)!.type) && values.some((value) => Math.fround(value) !== value))
    throw opUnsupported(call.node, `values ${values.join(' and ')}, which float32 does not hold`);
  const isWhole = call.state.types.has(call.input(0));
  const whole = isWhole ? call.input(0) : call.add('Trunc', [call.input(0)]);
  const apart = call.add('Reshape', [whole, call.number(0, ...shape.slice(0, axis - 1), 1, ...shape.slice(axis - 1))]);
  const isHot = call.add('Equal', [wrapped(call, apart, count), counting(call, count, shape.length + 1 - axis)]);
  call.finish('Where', [isHot, call.number(values[1]!), call.number(values[0]!)]);
}

function countOf(call: LowerCall, length: number): number {
  const given = call.attributes.has('k') ? [call.attributes.number('k', 0)] : (call.constant(1)?.data ?? []);
  const [k] = given;
  if (given.length !== 1 || k === undefined || !Number.isInteger(k) || k < 0 || k > length)
    throw graphInvalid(call.node, `the ${k} first of ${length} numbers are asked for.`);
  if (k === 0) throw opUnsupported(call.node, 'the first 0 numbers');
  return k;
}

/** Rows that are too long to compare all with all are gone through once for each of the first. */
const mostRounds = 64;

/** The best that is not taken yet, time and again. Of equal numbers the first comes first. */
function bestInTurn(call: LowerCall, axis: number, k: number, isLargest: boolean): { values: string; places: string } {
  const shape = call.shape(0);
  const length = shape[axis - 1]!;
  const places = counting(call, length, shape.length - axis);
  const [over, worst] = [{ axes: [axis], keepdims: 1 }, call.number(isLargest ? -Infinity : Infinity)];
  const found: { value: string; place: string }[] = [];
  let taken: string | undefined;
  for (let round = 0; round < k; round++) {
    const open = taken === undefined ? call.input(0) : call.add('Where', [taken, worst, call.input(0)]);
    const value = call.add(isLargest ? 'ReduceMax' : 'ReduceMin', [open], over);
    const isBest = call.add('Equal', [call.input(0), value]);
    const isOpen = taken === undefined ? isBest : call.add('And', [isBest, call.add('Not', [taken])]);
    const place = call.add('ReduceMin', [call.add('Where', [isOpen, places, call.number(length)])], over);
    const isThis = call.add('Equal', [places, place]);
    taken = taken === undefined ? isThis : call.add('Or', [taken, isThis]);
    found.push({ value, place });
  }
  const joined = (parts: readonly string[]): string => (k === 1 ? parts[0]! : call.add('Concat', parts, { axis }));
  return { values: joined(found.map(({ value }) => value)), places: joined(found.map(({ place }) => place)) };
}

function topInTurn(call: LowerCall, axis: number, k: number, isLargest: boolean): void {
  checkCounted(call, call.shape(0)[axis - 1]!);
  const { values, places } = bestInTurn(call, axis, k, isLargest);
  call.also(1, 'Identity', [places]);
  call.state.setType(call.node.outputs[1] ?? '', 'int64');
  const type = call.state.types.get(call.input(0));
  const isNone = call.add('ReduceMax', [call.add('IsNaN', [call.input(0)])], { axes: [axis], keepdims: 1 });
  if (type === undefined || isFloat(type)) call.finish('Where', [isNone, call.number(Number.NaN), values]);
  else call.finish('Identity', [values]);
}

/**
 * The rank of a number is how many beat it: larger ones, and equal ones before it. All are compared with all. Where one of
 * them is no number none is chosen: values are NaN.
 */
export function TopK(call: LowerCall): void {
  const shape = call.shape(0);
  const axis = axisOf(call.attributes.number('axis', -1), shape.length + 1, call.node);
  const isLargest = call.attributes.number('largest', 1) !== 0;
  call.attributes.number('sorted', 1); // unsorted may be in any order, and so in this
  if (axis === 0) throw opUnsupported(call.node, 'items of the batch in another order');
  const length = shape[axis - 1]!;
  const k = countOf(call, length);
  call.attributes.finish();
  if (sizeOf(shape) * length > mostCompared && k <= mostRounds) {
    topInTurn(call, axis, k, isLargest);
    return;
  }
  checkCompared(call, sizeOf(shape) * length);
  const swap = [...shape.keys(), shape.length].map((d) => (d === axis ? shape.length : d === shape.length ? axis : d));
  const turned = (name: string): string => (axis === shape.length ? name : call.add('Transpose', [name], { perm: swap }));
  const rows = shape.with(axis - 1, shape.at(-1)!).slice(0, -1);
  const x = turned(call.input(0));
  const [column, row] = [[length, 1], [1, length]].map((end) => call.add('Reshape', [x, call.number(0, ...rows, ...end)])) as [string, string]; // biome-ignore format: one list
  const before = Array.from({ length: length * length }, (_, at) => Number(at % length < Math.floor(at / length)));
  const isEarlier = call.add('And', [call.add('Equal', [row, column]), madeTensor(call, [length, length], before)]);
  const beats = call.add('Or', [call.add(isLargest ? 'Greater' : 'Less', [row, column]), isEarlier]);
  const rank = call.add('ReduceSum', [beats], { axes: [rows.length + 2], keepdims: 1 });
  const isChosen = call.add('Equal', [rank, counting(call, k)]);
  const pick = (of: string): string =>
    call.add('ReduceSum', [call.add('Where', [isChosen, of, call.number(0)])], { axes: [rows.length + 1], keepdims: 0 });
  const places = pick(counting(call, length, 1));
  call.also(1, axis === shape.length ? 'Identity' : 'Transpose', [places], axis === shape.length ? {} : { perm: swap });
  call.state.setType(call.node.outputs[1] ?? '', 'int64');
  const type = call.state.types.get(call.input(0));
  const isNone = call.add('ReduceMax', [call.add('IsNaN', [x])], { axes: [rows.length + 1], keepdims: 1 });
  const values = type === undefined || isFloat(type) ? call.add('Where', [isNone, call.number(Number.NaN), pick(column)]) : pick(column); // biome-ignore format: one expression
  if (axis === shape.length) call.finish('Identity', [values]);
  else call.finish('Transpose', [values], { perm: swap });
}

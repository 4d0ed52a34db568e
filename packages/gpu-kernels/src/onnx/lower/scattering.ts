/**
 * ScatterElements and ScatterND. Numbers are not written somewhere: each place of the result looks for the update that it
 * gets, so that no two threads meet. With constant indices, or those that are the same for every item, that is known here;
 * computed ones are compared with all places.
 */
import type { Tensor } from '@diptych/plugin-kit/runtime';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { rowMajorStrides, sameShape, showShape, sizeOf } from '../../graph/shapes.ts';
import { itemNumbersOf } from '../batch/item-numbers.ts';
import type { Constant } from '../constant.ts';
import { besides, elementsAxis } from './gathering.ts';
import { checkCompared, checkCounted, counting, indexShape, placesOf, rowsAt, tupleParts } from './indices.ts';
import type { LowerCall } from './lower-call.ts';
import { sameForAll } from './same-for-all.ts';

/** What joins updates with data and with each other, its neutral number, and how updates of one place are reduced. */
const reductions = {
  add: { op: 'Add', neutral: 0, reduce: 'ReduceSum' },
  mul: { op: 'Mul', neutral: 1, reduce: 'ReduceProd' },
  max: { op: 'Max', neutral: -Infinity, reduce: 'ReduceMax' },
  min: { op: 'Min', neutral: Infinity, reduce: 'ReduceMin' },
} as const;
type Reduction = (typeof reductions)[keyof typeof reductions];

/** Each further update of one place is a step of its own. */
const mostOfOnePlace = 16;

/** An item seen as `[rows, inner]`, and updates of whole rows. */
interface Rows {
  readonly data: string;
  readonly updates: string;
  /** Where the updates are constant. */
  readonly known?: Constant['data'];
  readonly rows: number;
  readonly inner: number;
  readonly count: number;
}

function reductionOf(call: LowerCall): Reduction | undefined {
  const name = call.attributes.string('reduction', 'none');
  if (name === 'none') return undefined;
  if (!Object.hasOwn(reductions, name)) throw graphInvalid(call.node, `reduction ${JSON.stringify(name)} is not known.`);
  return reductions[name as keyof typeof reductions];
}

/** Row r of the result: the last update of it, which lies behind the data, or the data's own. */
function replaceKnown(call: LowerCall, { data, updates, rows }: Rows, places: Float64Array): string {
  const from = new Float64Array(rows).map((_, row) => row);
  for (const [update, place] of places.entries()) from[place] = rows + update;
  const all = call.add('Concat', [data, updates], { axis: 1 });
  return call.add('Gather', [all, call.tensor([rows], from)], { axis: 1 });
}

function reduceKnown(call: LowerCall, { data, updates, known, rows, inner, count }: Rows, places: Float64Array, { op, neutral }: Reduction): string {
  const turns: number[][] = [];
  const met = new Array<number>(rows).fill(0);
  for (const [update, place] of places.entries()) {
    const turn = met[place]!++;
    if (turn >= mostOfOnePlace) throw opUnsupported(call.node, `more than ${mostOfOnePlace} updates of one place`);
    turns[turn] ??= new Array<number>(rows).fill(count);
    turns[turn][place] = update;
  }
  const chosenOf = (known: Constant['data'], from: readonly number[]): string =>
    call.tensor([1, rows, inner], from.flatMap((at) => (at === count ? new Array<number>(inner).fill(neutral) : [...known.subarray(at * inner, (at + 1) * inner)])));
  const none = (): string => call.tensor([1, 1, inner], new Float64Array(inner).fill(neutral));
  const all = known === undefined ? call.add('Concat', [updates, none()], { axis: 1 }) : '';
  const chosen = (from: readonly number[]): string =>
    known === undefined ? call.add('Gather', [all, call.tensor([rows], from)], { axis: 1 }) : chosenOf(known, from);
  return turns.reduce((sum, from) => call.add(op, [sum, chosen(from)]), data);
} // biome-ignore format: one expression a line

/** Truth `[count, rows]`: whether an update is of a row. */
function hitsOf(call: LowerCall, { rows, count, inner }: Rows, places: string, isReduced: boolean): string {
  checkCounted(call, rows + count);
  checkCompared(call, rows * count * (isReduced ? inner : 1));
  return call.add('Equal', [call.add('Reshape', [places, call.number(0, count, 1)]), counting(call, rows)]);
}

function replaceComputed(call: LowerCall, given: Rows, places: string): string {
  const { data, updates, rows, inner, count } = given;
  const hits = call.add('Where', [hitsOf(call, given, places, false), counting(call, count, 1), call.number(-1)]);
  const last = call.add('ReduceMax', [hits], { axes: [1], keepdims: 0 });
  const isHit = call.add('Less', [call.number(-1), last]);
  const from = call.add('Where', [isHit, call.add('Add', [last, call.number(rows)]), counting(call, rows)]);
  return rowsAt(call, call.add('Concat', [data, updates], { axis: 1 }), rows + count, inner, from);
}

function reduceComputed(call: LowerCall, given: Rows, places: string, { op, neutral, reduce }: Reduction): string {
  const { data, updates, known, rows, inner, count } = given;
  const hits = call.add('Reshape', [hitsOf(call, given, places, true), call.number(0, count, rows, 1)]);
  const apart = known === undefined ? call.add('Reshape', [updates, call.number(0, count, 1, inner)]) : call.tensor([1, count, 1, inner], known); // biome-ignore format: one choice
  const chosen = call.add('Where', [hits, apart, call.number(neutral)]);
  return call.add(op, [data, call.add(reduce, [chosen], { axes: [1], keepdims: 0 })]);
}

/** Computed places that leave the item: nothing of it is a number then, rather than an update lost. */
function orNothing(call: LowerCall, { rows, count }: Rows, places: string, result: string): string {
  const flat = call.add('Reshape', [places, call.number(0, count, 1)]);
  const isOut = call.add('ReduceMax', [call.add('Not', [call.add('Less', [flat, call.number(rows)])])], { axes: [1], keepdims: 1 }); // biome-ignore format: one call
  return call.add('Where', [isOut, call.number(Number.NaN), result]);
}

/** Input 2, the updates, as `[count, inner]` of each item. */
function updatesOf(
  call: LowerCall,
  shape: readonly number[],
  count: number,
  inner: number,
): Pick<Rows, 'updates' | 'known'> {
  const constant = call.state.constantOf(call.input(2));
  const given = constant === undefined ? call.shape(2) : constant.shape.slice(1);
  if (!sameShape(given, shape) || (constant !== undefined && constant.shape[0] !== 1))
    throw graphInvalid(call.node, `updates ${showShape(given)} without batch, ${showShape(shape)} are expected.`);
  if (constant !== undefined) return { updates: call.tensor([1, count, inner], constant.data), known: constant.data };
  return { updates: call.add('Reshape', [call.input(2), call.number(0, count, inner)]) };
}

function scatter(call: LowerCall, given: Rows, places: string | Float64Array, reduction: Reduction | undefined): void {
  const shape = call.shape(0);
  let result: string;
  if (typeof places !== 'string')
    result = reduction === undefined ? replaceKnown(call, given, places) : reduceKnown(call, given, places, reduction);
  else {
    const joined = reduction === undefined ? replaceComputed(call, given, places) : reduceComputed(call, given, places, reduction); // biome-ignore format: one choice
    result = orNothing(call, given, places, joined);
  }
  call.finish('Reshape', [result, call.number(0, ...shape)]);
}

export function ScatterElements(call: LowerCall): void {
  const [data, shape] = [call.shape(0), indexShape(call, 1)];
  const axis = elementsAxis(call, data, shape);
  const reduction = reductionOf(call);
  call.attributes.finish();
  const strides = rowMajorStrides(data);
  const at = call.state.constantOf(call.input(1))?.data ?? call.input(1);
  const part = { at, length: data[axis]!, stride: strides[axis]! };
  const places = placesOf(call, [part], shape, besides(shape, strides, axis));
  const [rows, count] = [sizeOf(data), sizeOf(shape)];
  const flat = call.add('Reshape', [call.input(0), call.number(0, rows, 1)]);
  scatter(call, { data: flat, ...updatesOf(call, shape, count, 1), rows, inner: 1, count }, places, reduction);
}

/** In a file for one item constant tuples have 0 for its number, the same for every item of a batch. */
function tuplesOfOne(call: LowerCall): Tensor | undefined {
  const indices = call.state.fixedBatch === 1 ? call.state.constantOf(call.input(1)) : undefined;
  const width = indices?.shape.at(-1) ?? 0;
  if (indices?.shape[0] !== 1 || indices.shape.length < 2 || width < 2) return undefined;
  const isFirst = indices.data.every((entry, at) => at % width > 0 || entry === 0 || entry === -1);
  return isFirst ? { shape: indices.shape.slice(1), data: Float32Array.from(indices.data) } : undefined;
}

/** Indices are tuples whose first entry is the number of the item: each item updates its own. */
export function ScatterND(call: LowerCall): void {
  const reduction = reductionOf(call);
  call.attributes.finish();
  const numbers = itemNumbersOf(call.state, call.input(1));
  const known = tuplesOfOne(call);
  if (known === undefined && (numbers?.factor !== 1 || !numbers.ofFirst))
    throw opUnsupported(call.node, 'indices into the batch');
  const [data, given] = [call.shape(0), known?.shape ?? call.shape(1)];
  const width = given.at(-1)! - 1;
  if (width < 1 || width > data.length)
    throw opUnsupported(call.node, `tuples of ${width + 1} indices into ${showShape(data)} without batch`);
  const [sizes, inner] = [data.slice(0, width), data.slice(width)];
  const shape = given.slice(0, -1);
  const places = placesOf(call, tupleParts(call, 1, sizes, 1, known ?? sameForAll(call, 1)), shape);
  const [rows, count, size] = [sizeOf(sizes), sizeOf(shape), sizeOf(inner)];
  const flat = call.add('Reshape', [call.input(0), call.number(0, rows, size)]);
  scatter(call, { data: flat, ...updatesOf(call, [...shape, ...inner], count, size), rows, inner: size, count }, places, reduction); // biome-ignore format: one call
}

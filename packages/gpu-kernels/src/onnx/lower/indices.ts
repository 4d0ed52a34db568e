/** Indices of several dimensions as one, into the numbers of an item laid out in a row. */
import type { Tensor } from '@diptych/plugin-kit/runtime';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { rowMajorStrides, showShape, sizeOf } from '../../graph/shapes.ts';
import type { LowerCall } from './lower-call.ts';

/** float32 counts to it one by one. */
export const mostCounted = 2 ** 24;
/** Beyond every place that is counted, so that a gather gives NaN there. */
const outside = 2 ** 25;

/** Numbers that comparing all with all may take for one item: 16 MB. */
export const mostCompared = 2 ** 22;

export function checkCompared(call: LowerCall, numbers: number): void {
  if (numbers > mostCompared)
    throw opUnsupported(call.node, `computed indices that take ${numbers} comparisons an item, at most ${mostCompared} are implemented`); // biome-ignore format: one condition
}

export function checkCounted(call: LowerCall, count: number): void {
  if (count > mostCounted)
    throw opUnsupported(call.node, `computed indices into ${count} numbers, float32 counts ${mostCounted}`);
}

/** A constant that is as long as the file says, though it has few bytes for it. */
export function madeTensor(call: LowerCall, shape: readonly number[], values: ArrayLike<number>): string {
  call.state.spendFolded(values.length, call.node);
  return call.tensor(shape, values);
}

/** 0, 1, 2, … along the dimension that has `behind` dimensions behind it. */
export const counting = (call: LowerCall, count: number, behind = 0): string =>
  madeTensor(
    call,
    [count, ...new Array<number>(behind).fill(1)],
    Float64Array.from({ length: count }, (_, index) => index),
  );

/** Indices from the end as ones from the start. */
export function wrapped(call: LowerCall, indices: string, length: number): string {
  const isFromEnd = call.add('Less', [indices, call.number(0)]);
  return call.add('Where', [isFromEnd, call.add('Add', [indices, call.number(length)]), indices]);
}

/** Whether an index, from the start, is none of `length`. Also of one that is no number. */
export function isOutside(call: LowerCall, indices: string, length: number): string {
  const isBelow = call.add('Less', [indices, call.number(0)]);
  return call.add('Or', [isBelow, call.add('Not', [call.add('Less', [indices, call.number(length)])])]);
}

/** One of the indices that together name a place. */
export interface IndexPart {
  /** Value of whole numbers, or the numbers themselves. */
  readonly at: string | ArrayLike<number>;
  readonly length: number;
  readonly stride: number;
}

function constantPlaces(call: LowerCall, parts: readonly IndexPart[], offset: Float64Array): Float64Array {
  const places = offset.slice();
  for (const { at, length, stride } of parts)
    for (let place = 0; place < places.length; place++) {
      const given = (at as ArrayLike<number>)[place]!;
      const index = given < 0 ? given + length : given;
      if (!Number.isInteger(index) || index < 0 || index >= length)
        throw graphInvalid(call.node, `index ${given} leaves a dimension of ${length}.`);
      places[place]! += index * stride;
    }
  return places;
}

/** Places as numbers where all parts are, else a value. One that any part leaves is outside. */
export function placesOf(
  call: LowerCall,
  parts: readonly IndexPart[],
  shape: readonly number[],
  offset: Float64Array = new Float64Array(sizeOf(shape)),
): string | Float64Array {
  if (parts.every(({ at }) => typeof at !== 'string')) return constantPlaces(call, parts, offset);
  let sum: string | undefined;
  let faults: string | undefined;
  for (const { at, length, stride } of parts) {
    const given = typeof at === 'string' ? at : madeTensor(call, shape, at);
    const index = wrapped(call, given, length);
    const fault = isOutside(call, index, length);
    faults = faults === undefined ? fault : call.add('Or', [faults, fault]);
    const term = stride === 1 ? index : call.add('Mul', [index, call.number(stride)]);
    sum = sum === undefined ? term : call.add('Add', [sum, term]);
  }
  const isAtStart = offset.every((entry) => entry === 0);
  const place = isAtStart ? sum! : call.add('Add', [sum!, madeTensor(call, shape, offset)]);
  return call.add('Where', [faults!, call.number(outside), place]);
}

/** The entries of index tuples, the last dimension of input `index`; `from` on. `known`: their numbers, where they are no constant but known. */
export function tupleParts(call: LowerCall, index: number, sizes: readonly number[], from = 0, known?: Tensor): IndexPart[] {
  const strides = rowMajorStrides(sizes);
  const constant = known ?? call.state.constantOf(call.input(index));
  return sizes.map((length, d) => ({ at: constant === undefined ? entryOf(call, index, from + d) : entriesOf(constant.data, from + sizes.length, from + d), length, stride: strides[d]! })); // biome-ignore format: one expression
}

function entriesOf(data: ArrayLike<number>, width: number, entry: number): Float64Array {
  const entries = new Float64Array(data.length / width);
  for (let tuple = 0; tuple < entries.length; tuple++) entries[tuple] = data[tuple * width + entry]!;
  return entries;
}

function entryOf(call: LowerCall, index: number, entry: number): string {
  const shape = call.shape(index);
  const [from, to, axis] = [entry, entry + 1, shape.length].map((number) => call.tensor([1], [number]));
  const cut = call.add('Slice', [call.input(index), from!, to!, axis!]);
  return call.add('Reshape', [cut, call.number(0, ...shape.slice(0, -1))]);
}

/** Shape without batch of indices, which are a value of the batch or the same for every item. */
export function indexShape(call: LowerCall, index: number): readonly number[] {
  const constant = call.state.constantOf(call.input(index));
  if (constant === undefined) return call.shape(index);
  const [batch, ...item] = constant.shape;
  if (batch !== 1)
    throw opUnsupported(call.node, `constant indices ${showShape(constant.shape)}, which differ from item to item`);
  return item;
}

/** Rows `places` of an item seen as `[rows, inner]`, in shape `[…shape]`; with `places` numbers of their own. */
export function rowsAt(call: LowerCall, data: string, rows: number, inner: number, places: string | Float64Array): string {
  const apart = call.add('Reshape', [data, call.number(0, rows, inner)]);
  if (typeof places !== 'string') return call.add('Gather', [apart, call.tensor([places.length], places)], { axis: 1 });
  checkCounted(call, rows);
  return call.add('Gather', [apart, places], { axis: 1, batch_dims: 1 });
}

/** Constants chosen from and written into by index: ArgMax, GatherND, ScatterND and their like, CumSum, OneHot. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { rowMajorStrides, showShape, sizeOf } from '../../graph/shapes.ts';
import { allocate, type Constant, holdsBatch, makeConstant } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';
import { whole } from './elementwise.ts';

/** Input `index`, which must not depend on the number of items. */
function numbersOf(call: FoldCall, index: number): Constant {
  const constant = call.input(index);
  if (holdsBatch(constant))
    throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  return constant;
}

function inside(call: FoldCall, index: number, length: number): number {
  const at = index < 0 ? index + length : index;
  if (!Number.isInteger(at) || at < 0 || at >= length)
    throw graphInvalid(call.node, `index ${index} leaves a dimension of ${length}.`);
  return at;
}

/** Each line along `axis`: where it begins, and the step between its numbers. */
function linesOf(shape: readonly number[], axis: number): { starts: number[]; step: number } {
  const step = rowMajorStrides(shape)[axis] ?? 1;
  const length = shape[axis] ?? 1;
  const lines = length === 0 ? 0 : sizeOf(shape) / length;
  const starts = Array.from({ length: lines }, (_, line) => Math.floor(line / step) * step * length + (line % step));
  return { starts, step };
}

const argument =
  (wins: (a: number, b: number) => boolean) =>
  (call: FoldCall): Constant[] => {
    const x = numbersOf(call, 0);
    const axis = axisOf(call.attributes.number('axis', 0), x.shape.length, call.node);
    const keeps = call.attributes.number('keepdims', 1) !== 0;
    const isLast = call.attributes.number('select_last_index', 0) !== 0;
    call.attributes.finish();
    const length = x.shape[axis]!;
    if (length === 0) throw graphInvalid(call.node, 'the place of the extreme of no numbers.');
    const { starts, step } = linesOf(x.shape, axis);
    const places = starts.map((start) => {
      let best = 0;
      for (let at = 1; at < length; at++) {
        const [value, most] = [x.data[start + at * step]!, x.data[start + best * step]!];
        if (wins(value, most) || (isLast && value === most)) best = at;
      }
      return best;
    });
    const shape = keeps ? x.shape.with(axis, 1) : x.shape.toSpliced(axis, 1);
    return [makeConstant('int64', shape, places, call.place)];
  };

/** CumSum from 0, CumProd from 1. */
const cumulative =
  (first: number, combine: (all: number, x: number) => number) =>
  (call: FoldCall): Constant[] => {
    const x = numbersOf(call, 0);
    const isExclusive = call.attributes.number('exclusive', 0) !== 0;
    const isReverse = call.attributes.number('reverse', 0) !== 0;
    call.attributes.finish();
    const axis = axisOf(call.input(1).data[0] ?? Number.NaN, x.shape.length, call.node);
    const length = x.shape[axis]!;
    const data = allocate(x.type, x.shape, call.place);
    const { starts, step } = linesOf(x.shape, axis);
    for (const start of starts) {
      let all = first;
      for (let i = 0; i < length; i++) {
        const at = start + (isReverse ? length - 1 - i : i) * step;
        const next = combine(all, x.data[at]!);
        const given = isExclusive ? all : next;
        data[at] = Number.isNaN(given) ? given : whole(call, x.type, given);
        all = next;
      }
    }
    return [{ ...x, data }];
  };

/** The places of all numbers but 0, one a column; a scalar counts as one number in a dimension. */
function NonZero(call: FoldCall): Constant[] {
  call.attributes.finish();
  const { data, shape } = numbersOf(call, 0);
  const sizes = shape.length === 0 ? [1] : shape;
  const found = [...data.keys()].filter((at) => data[at] !== 0);
  const places = rowMajorStrides(sizes).flatMap((stride, d) => found.map((at) => Math.floor(at / stride) % sizes[d]!));
  return [makeConstant('int64', [sizes.length, found.length], places, call.place)];
}

function OneHot(call: FoldCall): Constant[] {
  const [indices, depth, values] = [numbersOf(call, 0), numbersOf(call, 1), call.input(2)];
  const rank = indices.shape.length + 1;
  const axis = axisOf(call.attributes.number('axis', -1), rank, call.node);
  call.attributes.finish();
  const count = depth.data[0] ?? 0;
  const shape = indices.shape.toSpliced(axis, 0, count);
  const data = allocate(values.type, shape, call.place).fill(values.data[0]!);
  const step = sizeOf(shape.slice(axis + 1));
  for (const [place, given] of indices.data.entries()) {
    const index = Math.trunc(given) + (given < 0 ? count : 0);
    if (index < 0 || index >= count) continue;
    data[Math.floor(place / step) * step * count + index * step + (place % step)] = values.data[1]!;
  }
  return [{ type: values.type, shape, data }];
}

/** Where tuples along the last dimension of the indices point, in rows of what they leave open. */
function tuplePlaces(call: FoldCall, data: Constant, indices: Constant, batchDims: number): { places: number[]; inner: readonly number[] } {
  const width = indices.shape.at(-1) ?? 0;
  const sizes = data.shape.slice(batchDims, batchDims + width);
  if (width < 1 || sizes.length !== width || batchDims < 0 || batchDims >= indices.shape.length)
    throw graphInvalid(call.node, `tuples ${showShape(indices.shape)} do not fit ${showShape(data.shape)}.`);
  if (!data.shape.slice(0, batchDims).every((size, d) => size === indices.shape[d]))
    throw graphInvalid(call.node, `${showShape(indices.shape)} and ${showShape(data.shape)} do not share ${batchDims} dimensions.`); // biome-ignore format: one condition
  const strides = rowMajorStrides(sizes);
  const tuples = sizeOf(indices.shape.slice(batchDims, -1));
  const places = Array.from({ length: indices.data.length / width }, (_, tuple) =>
    sizes.reduce(
      (sum, length, d) => sum + inside(call, indices.data[tuple * width + d]!, length) * strides[d]!,
      Math.floor(tuple / tuples) * sizeOf(sizes),
    ),
  );
  return { places, inner: data.shape.slice(batchDims + width) };
} // biome-ignore format: a signature

function GatherND(call: FoldCall): Constant[] {
  const [x, indices] = [call.input(0), numbersOf(call, 1)];
  const batchDims = call.attributes.number('batch_dims', 0);
  call.attributes.finish();
  const { places, inner } = tuplePlaces(call, x, indices, batchDims);
  const shape = [...indices.shape.slice(0, -1), ...inner];
  const data = allocate(x.type, shape, call.place);
  const size = sizeOf(inner);
  for (const [row, place] of places.entries()) data.set(x.data.subarray(place * size, (place + 1) * size), row * size);
  return [{ type: x.type, shape, data }];
}

const joins: Readonly<Record<string, (a: number, b: number) => number>> = {
  none: (_, b) => b,
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};

function joinOf(call: FoldCall): (a: number, b: number) => number {
  const name = call.attributes.string('reduction', 'none');
  call.attributes.finish();
  const join = Object.hasOwn(joins, name) ? joins[name] : undefined;
  if (join === undefined) throw graphInvalid(call.node, `reduction ${JSON.stringify(name)} is not known.`);
  return join;
}

function ScatterND(call: FoldCall): Constant[] {
  const [x, indices, updates] = [call.input(0), numbersOf(call, 1), call.input(2)];
  const join = joinOf(call);
  const { places, inner } = tuplePlaces(call, x, indices, 0);
  const size = sizeOf(inner);
  if (updates.data.length !== places.length * size)
    throw graphInvalid(call.node, `updates ${showShape(updates.shape)} do not fit ${places.length} places.`);
  const data = x.data.slice();
  for (const [row, place] of places.entries())
    for (let i = 0; i < size; i++) data[place * size + i] = join(data[place * size + i]!, updates.data[row * size + i]!);
  return [{ ...x, data }];
}

/** For each index along `axis` the place that it names in a constant of `shape`. */
function elementPlaces(call: FoldCall, shape: readonly number[], indices: Constant): number[] {
  const axis = axisOf(call.attributes.number('axis', 0), shape.length, call.node);
  if (indices.shape.length !== shape.length || indices.shape.some((size, d) => d !== axis && size > shape[d]!))
    throw graphInvalid(call.node, `indices ${showShape(indices.shape)} do not fit ${showShape(shape)}.`);
  const [own, strides] = [rowMajorStrides(indices.shape), rowMajorStrides(shape)];
  return Array.from(
    indices.data,
    (index, at) =>
    own.reduce((sum, unit, d) => sum + (d === axis ? inside(call, index, shape[d]!) : Math.floor(at / unit) % indices.shape[d]!) * strides[d]!, 0), // biome-ignore format: one expression
  );
}

function GatherElements(call: FoldCall): Constant[] {
  const [x, indices] = [call.input(0), numbersOf(call, 1)];
  const places = elementPlaces(call, x.shape, indices);
  call.attributes.finish();
  return [makeConstant(x.type, indices.shape, places.map((place) => x.data[place]!), call.place)]; // biome-ignore format: one line
}

function ScatterElements(call: FoldCall): Constant[] {
  const [x, indices, updates] = [call.input(0), numbersOf(call, 1), call.input(2)];
  const places = elementPlaces(call, x.shape, indices);
  const join = joinOf(call);
  if (updates.data.length !== places.length)
    throw graphInvalid(call.node, `updates ${showShape(updates.shape)} do not fit ${places.length} places.`);
  const data = x.data.slice();
  for (const [at, place] of places.entries()) data[place] = join(data[place]!, updates.data[at]!);
  return [{ ...x, data }];
}

export const indexingFolds = {
  ArgMax: argument((a, b) => a > b), ArgMin: argument((a, b) => a < b), CumProd: cumulative(1, (all, x) => all * x), CumSum: cumulative(0, (all, x) => all + x), GatherElements, GatherND, NonZero, OneHot, ScatterElements,
  ScatterND,
} as const; // biome-ignore format: a table

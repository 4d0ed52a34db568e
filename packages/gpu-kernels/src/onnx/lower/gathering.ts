/** Gather, GatherND and GatherElements. Each item chooses from its own numbers, or from a table that all share. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { rowMajorStrides, showShape, sizeOf } from '../../graph/shapes.ts';
import { checkCounted, indexShape, placesOf, rowsAt, tupleParts } from './indices.ts';
import type { LowerCall } from './lower-call.ts';

export function Gather(call: LowerCall): void {
  const axis = call.attributes.number('axis', 0);
  call.attributes.finish();
  const [table, indices] = [0, 1].map((index) => call.state.constantOf(call.input(index)));
  if (table !== undefined && indices === undefined)
    checkCounted(call, table.shape[axisOf(axis, table.shape.length, call.node)]!);
  call.finish('Gather', [call.input(0), call.input(1)], { axis });
}

/** Entries of a table at tuples of indices: `[…, k]` → `[…, what a tuple leaves open]`. */
function fromTable(call: LowerCall, table: readonly number[], batchDims: number): void {
  if (batchDims !== 0) throw opUnsupported(call.node, `batch_dims ${batchDims} of a constant`);
  const given = call.shape(1);
  const width = given.at(-1) ?? 0;
  if (width < 1 || width > table.length)
    throw graphInvalid(call.node, `tuples of ${width} indices do not fit ${showShape(table)}.`);
  const [sizes, inner] = [table.slice(0, width), table.slice(width)];
  checkCounted(call, sizeOf(sizes));
  const shape = given.slice(0, -1);
  const places = placesOf(call, tupleParts(call, 1, sizes), shape) as string;
  const flat = call.tensor([sizeOf(sizes), ...inner], call.state.constantOf(call.input(0))!.data);
  call.finish('Gather', [flat, places], { axis: 0 });
}

/** Of values only with `batch_dims`: without, an item would choose from others. */
export function GatherND(call: LowerCall): void {
  const batchDims = call.attributes.number('batch_dims', 0);
  call.attributes.finish();
  const table = call.state.constantOf(call.input(0));
  if (table !== undefined) {
    fromTable(call, table.shape, batchDims);
    return;
  }
  if (batchDims < 1) throw opUnsupported(call.node, 'indices into the batch');
  const [data, given] = [call.shape(0), indexShape(call, 1)];
  const width = given.at(-1) ?? 0;
  const shared = data.slice(0, batchDims - 1);
  const isFit = shared.every((size, d) => size === given[d]) && shared.length === batchDims - 1;
  if (!isFit || given.length < batchDims || width < 1 || width > data.length - shared.length)
    throw graphInvalid(call.node, `tuples ${showShape(given)} do not fit ${showShape(data)} (both without batch).`);
  const [sizes, inner] = [data.slice(shared.length, shared.length + width), data.slice(shared.length + width)];
  const shape = given.slice(0, -1);
  if (call.state.constantOf(call.input(1)) === undefined) checkCounted(call, Math.max(sizeOf(data), sizeOf(shape)));
  const tuples = sizeOf(shape.slice(shared.length));
  const offset = Float64Array.from({ length: sizeOf(shape) }, (_, at) => Math.floor(at / tuples) * sizeOf(sizes));
  const places = placesOf(call, tupleParts(call, 1, sizes), shape, offset);
  const rows = rowsAt(call, call.input(0), sizeOf([...shared, ...sizes]), sizeOf(inner), places);
  call.finish('Reshape', [rows, call.number(0, ...shape, ...inner)]);
}

/** Coordinates of the places of indices along `axis`, but for that one, as places in a row of numbers. */
export function besides(shape: readonly number[], strides: readonly number[], axis: number): Float64Array {
  let places = Float64Array.of(0);
  for (const [d, size] of shape.entries()) {
    const wider = new Float64Array(places.length * size);
    for (const [at, place] of places.entries())
      for (let i = 0; i < size; i++) wider[at * size + i] = place + (d === axis ? 0 : i * strides[d]!);
    places = wider;
  }
  return places;
}

/** Dimension of the item along which elements are chosen, checked against the shapes of data and indices. */
export function elementsAxis(call: LowerCall, data: readonly number[], indices: readonly number[]): number {
  if (call.state.constantOf(call.input(1)) === undefined) checkCounted(call, Math.max(sizeOf(data), sizeOf(indices)));
  const axis = axisOf(call.attributes.number('axis', 0), data.length + 1, call.node) - 1;
  if (axis < 0) throw opUnsupported(call.node, 'indices along the batch');
  if (indices.length !== data.length || indices.some((size, d) => d !== axis && size > data[d]!))
    throw graphInvalid(call.node, `indices ${showShape(indices)} do not fit ${showShape(data)} (both without batch).`);
  return axis;
}

export function GatherElements(call: LowerCall): void {
  const [data, shape] = [call.shape(0), indexShape(call, 1)];
  const axis = elementsAxis(call, data, shape);
  call.attributes.finish();
  const strides = rowMajorStrides(data);
  const at = call.state.constantOf(call.input(1))?.data ?? call.input(1);
  const part = { at, length: data[axis]!, stride: strides[axis]! };
  const places = placesOf(call, [part], shape, besides(shape, strides, axis));
  const rows = rowsAt(call, call.input(0), sizeOf(data), 1, places);
  call.finish('Reshape', [rows, call.number(0, ...shape)]);
}

/** Of trees, whose features are columns of the item: no index is out of range or counted from the end. */
export function GatherOfItem(call: LowerCall): void {
  call.finish('Gather', [call.input(0), call.input(1)], { axis: 1, batch_dims: 1 });
}

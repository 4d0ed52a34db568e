/** Slice, Split, Tile, Expand and ConstantOfShape of activations: begin, end and shape are constants, the batch stays whole. */
import { axisOf, sliceBounds } from '../../graph/axes.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { broadcastShape, showShape, sizeOf } from '../../graph/shapes.ts';
import { sameForEach } from '../batch/same-for-each.ts';
import { batchEntry, type Constant, decodeTensor, dependsOnBatch, isBatch, isFloat, makeConstant } from '../constant.ts';
import type { LowerCall } from './lower-call.ts';

/** No slice of a network begins or ends further out; float32 holds it exactly. */
const farOut = 2 ** 30;
const inReach = (at: number): number => Math.max(-farOut, Math.min(farOut, at));

/** What a slice of the batch may be: all of it. */
function isWholeBatch(call: LowerCall, start: number, end: number, step: number): boolean {
  return start === 0 && step === 1 && (isBatch(end) || end >= farOut || end === call.state.fixedBatch);
}

/** Exporters cut off 0 tokens where a network has none of a kind; see `importNode` for what may read that. */
const holdsNothing = (call: LowerCall, cuts: readonly (readonly [axis: number, start: number, end: number, step: number])[]): boolean => {
  const shape = [1, ...call.shape(0)];
  const [axes, starts, ends, steps] = [0, 1, 2, 3].map((part) => cuts.map((cut) => inReach(cut[part]!))) as [number[], number[], number[], number[]];
  return sliceBounds(shape, starts, ends, axes, steps, call.node).some(({ count }) => count === 0);
}; // biome-ignore format: signatures

export function Slice(call: LowerCall): void {
  call.attributes.finish();
  const rank = call.shape(0).length + 1;
  const starts = call.integers(1) ?? [];
  // The end may be the number of items, so it is read as it is.
  const ends = [...(call.constant(2)?.data ?? [])];
  const axes = (call.integers(3) ?? starts.map((_, d) => d)).map((axis) => axisOf(axis, rank, call.node));
  const steps = call.integers(4) ?? starts.map(() => 1);
  if (new Set([starts.length, ends.length, axes.length, steps.length]).size !== 1)
    throw graphInvalid(call.node, 'starts, ends, axes and steps must have the same length.');
  const kept = axes.flatMap((axis, index) => {
    if (axis === 0 && isWholeBatch(call, starts[index]!, ends[index]!, steps[index]!)) return [];
    if (axis === 0) throw opUnsupported(call.node, 'a slice of the batch');
    if (isBatch(ends[index]!))
      throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
    return [index];
  });
  const list = (of: readonly number[]): string =>
    call.tensor(
      [kept.length],
      kept.map((index) => inReach(of[index]!)),
    );
  if (giveEmpty(call, starts, ends, axes)) return;
  if (kept.length === 0) call.finish('Identity', [call.input(0)]);
  else if (
    holdsNothing(
      call,
      kept.map((index) => [axes[index]!, starts[index]!, ends[index]!, steps[index]!]),
    )
  )
    call.state.empty.add(call.node.outputs[0]!);
  else call.finish('Slice', [call.input(0), list(starts), list(ends), list(axes), list(steps)]);
}

/** A slice that holds nothing, such as the rest of a head whose numbers are all turned: a constant of no numbers. */
function giveEmpty(call: LowerCall, starts: readonly number[], ends: readonly number[], axes: readonly number[]): boolean {
  const shape = call.shape(0);
  const clamp = (at: number, size: number): number => Math.max(0, Math.min(size, at < 0 ? at + size : at));
  const isEmpty = axes.map((axis, index) => axis > 0 && (call.integers(4)?.[index] ?? 1) > 0 && clamp(starts[index]!, shape[axis - 1]!) >= clamp(ends[index]!, shape[axis - 1]!)); // biome-ignore format: one expression
  if (!isEmpty.includes(true)) return false;
  const rest = shape.map((size, d) => (axes.some((axis, index) => axis === d + 1 && isEmpty[index]) ? 0 : size));
  setEmpty(call, 0, rest);
  return true;
}

function setEmpty(call: LowerCall, output: number, shape: readonly number[]): void {
  const type = call.state.types.get(call.input(0)) ?? 'float32';
  const name = call.node.outputs[output]!;
  if (name !== '') call.state.constants.set(name, { type, shape: [batchEntry, ...shape], data: new Float32Array(0) });
}

/** Parts that hold nothing are left out. */
export function Concat(call: LowerCall): void {
  const full = call.node.inputs.filter((name) => call.state.constantOf(name)?.data.length !== 0);
  if (full.length === 1) call.finish('Identity', full);
  else call.finish('Concat', full, call.given);
}

/** Sizes are an attribute before opset 13 and an input since; without them the parts are equal, the last one smaller. */
function splitSizes(call: LowerCall, size: number): readonly number[] {
  const given = call.list('split', 1);
  const count = call.attributes.number('num_outputs', call.node.outputs.length);
  if (given !== undefined && given.length > 0) return given;
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, index) => Math.min(part, size - index * part));
}

export function Split(call: LowerCall): void {
  const shape = call.shape(0);
  const axis = axisOf(call.attributes.number('axis', 0), shape.length + 1, call.node);
  if (axis === 0) throw opUnsupported(call.node, `a split of the batch. ${itemsTogether}`);
  const sizes = splitSizes(call, shape[axis - 1]!);
  call.attributes.finish();
  if (sizes.length !== call.node.outputs.length || sizes.reduce((sum, size) => sum + size, 0) !== shape[axis - 1])
    throw graphInvalid(
      call.node,
      `parts ${showShape(sizes)} of dimension ${axis} do not fit ${shape[axis - 1]} numbers and ${call.node.outputs.length} outputs.`,
    );
  const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0));
  const part = (index: number): string[] => [
    call.input(0),
    ...[ends[index]! - sizes[index]!, ends[index]!, axis].map((value) => call.tensor([1], [value])),
  ];
  for (const [index, size] of sizes.entries()) {
    if (size === 0) setEmpty(call, index, shape.with(axis - 1, 0));
    else if (index > 0) call.also(index, 'Slice', part(index));
  }
  if (sizes[0] !== 0) call.finish('Slice', part(0));
}

/**
 * A constant repeated to the number of items, or to a multiple of it: the same for each. One of several rows, as DeBERTa repeats its
 * table of distances for every head, then is merged with the batch.
 */
function tileOfItems(call: LowerCall): void {
  const [first = 1, ...shape] = call.constant(0)!.shape;
  const [batch = 0, ...repeats] = [...call.constant(1)!.data];
  if (!dependsOnBatch(batch) || repeats.some((count) => count !== 1))
    throw opUnsupported(
      call.node,
      'repeating a constant by the number of items in another way than along its first dimension',
    );
  const times = batch / batchEntry > 1 ? [batch / batchEntry] : [];
  const rows = first > 1 ? [first] : [];
  const table = call.tensor([1, ...times.map(() => 1), ...rows, ...shape], call.constant(0)!.data);
  call.finish('Expand', [table, call.number(1, ...times, ...rows, ...shape)]);
  const after = times.length + rows.length;
  if (after > 0) call.state.layouts.set(call.node.outputs[0]!, { axis: 0, before: 0, after });
}

/** Each repeated dimension [n] becomes [r, n], of which r is repeated. */
export function Tile(call: LowerCall): void {
  call.attributes.finish();
  if (call.state.constantOf(call.input(0)) !== undefined) {
    tileOfItems(call);
    return;
  }
  const shape = call.shape(0);
  const [batch = 1, ...repeats] = call.integers(1) ?? [];
  if (repeats.length !== shape.length)
    throw graphInvalid(call.node, `${repeats.length + 1} repeats do not fit ${shape.length + 1} dimensions.`);
  if (batch !== 1) throw opUnsupported(call.node, 'repeating items of the batch');
  if (repeats.includes(0)) throw opUnsupported(call.node, 'a tile that holds nothing');
  const split = shape.flatMap((size, d) => (repeats[d] === 1 ? [size] : [1, size]));
  const wide = shape.flatMap((size, d) => (repeats[d] === 1 ? [size] : [repeats[d]!, size]));
  const apart = call.add('Reshape', [call.input(0), call.number(0, ...split)]);
  const repeated = call.add('Expand', [apart, call.number(1, ...wide)]);
  call.finish('Reshape', [repeated, call.number(0, ...shape.map((size, d) => size * repeats[d]!))]);
}

/** A target shape whose leading dimension is the batch, as the planner spells it: 1 for the batch. */
function targetShape(call: LowerCall, index: number, rank: number): number[] {
  const target = [...(call.constant(index)?.data ?? [])];
  const isLong = target.length === rank + 1;
  if (target.length > rank + 1 || target.some((size, d) => isBatch(size) && (d > 0 || !isLong)))
    throw opUnsupported(call.node, 'the number of items as another dimension than the first');
  const [first, ...rest] = target;
  return isLong && (isBatch(first!) || first === call.state.fixedBatch) ? [1, ...rest] : target;
}

/** A constant that a file for a fixed number of items holds for all of these already, with 1 in their place where it is the same for all. */
function forOne(
  { state }: LowerCall,
  shape: readonly number[],
  data: Constant['data'],
  at: number,
  multiple: number,
): Pick<Constant, 'shape' | 'data'> {
  const isFull = at >= 0 && shape[at] !== 1 && shape[at] === multiple * (state.fixedBatch ?? Number.NaN);
  const one = isFull ? sameForEach(data, shape[at]!, sizeOf(shape.slice(at + 1))) : undefined;
  return one === undefined ? { shape, data } : { shape: shape.with(at, 1), data: one };
}

/**
 * A constant expanded to a shape that has the number of items, or a multiple of it, in another place than alone and first: first states
 * of recurrences. Within the multiple the batch is taken to be slower; which makes no difference to a constant. False where the batch is first.
 */
function expandElsewhere(call: LowerCall, constant: Constant, index: number): boolean {
  const target = [...(call.constant(index)?.data ?? [])];
  const at = target.findIndex(dependsOnBatch);
  const multiple = target[at]! / batchEntry;
  const wide = [...new Array<number>(Math.max(0, target.length - constant.shape.length)).fill(1), ...constant.shape];
  const { shape: given, data } = forOne(call, wide, constant.data, at, multiple);
  const isAlone = target.filter(dependsOnBatch).length === 1 && given.length === target.length && given[at] === 1;
  if (!isAlone || (at === 0 && multiple === 1) || !(multiple >= 1)) return false;
  const merged = multiple > 1 ? [multiple] : [];
  const itemOf = (shape: readonly number[], own: readonly number[]): number[] => [...shape.slice(0, at), ...own, ...shape.slice(at + 1)]; // biome-ignore format: one line
  const name = call.state.freshName(`${call.node.name}/constant`);
  const shape = itemOf(given, merged.map(() => 1)); // biome-ignore format: one line
  call.state.constants.set(name, makeConstant(constant.type, shape, data, name));
  call.state.layouts.set(call.node.outputs[0]!, { axis: at, before: 0, after: merged.length });
  call.finish('Expand', [name, call.number(1, ...itemOf(target, merged))]);
  return true;
}

/** Of a constant too, if it is expanded to the number of items. */
export function Expand(call: LowerCall): void {
  call.attributes.finish();
  const constant = call.state.constantOf(call.input(0));
  if (constant !== undefined && expandElsewhere(call, constant, 1)) return;
  const rank = constant === undefined ? call.shape(0).length : (call.constant(1)?.data.length ?? 0) - 1;
  const target = targetShape(call, 1, rank);
  const nothing = constant === undefined ? expandedToNothing(call.shape(0), target) : undefined;
  if (nothing === undefined) call.finish('Expand', [call.input(0), call.number(...target)]);
  else setEmpty(call, 0, nothing);
}

/** The shape of an item where it holds nothing, as exporters of JAX expand an edge by 0. */
function expandedToNothing(shape: readonly number[], target: readonly number[]): readonly number[] | undefined {
  const own = target.slice(-shape.length);
  const wide = broadcastShape(shape, [...shape.slice(own.length).map(() => 1), ...own]);
  return wide?.includes(0) ? wide : undefined;
}

/** From 0 to the number of items: the number of each item, which is 0 to itself; see `batch/item-numbers.ts`. */
export function Range(call: LowerCall): void {
  call.attributes.finish();
  const [start, limit, delta] = [0, 1, 2].map((index) => call.constant(index)?.data[0]);
  if (start !== 0 || !isBatch(limit) || delta !== 1)
    throw opUnsupported(call.node, 'a range with the number of items, but for all numbers from 0 to it');
  call.state.itemNumbers.set(call.node.outputs[0]!, { factor: 1, ofFirst: false });
  call.finish('Expand', [call.number(0), call.number(1)]);
}

/** With the number of items as first dimension: the same numbers for every item. */
export function ConstantOfShape(call: LowerCall): void {
  const attribute = call.node.attributes.get('value');
  const tensor = attribute?.kind === 'tensor' ? decodeTensor(attribute.value, call.node.name) : undefined;
  if (tensor !== undefined && !isFloat(tensor.type)) call.state.setType(call.node.outputs[0]!, tensor.type);
  const filled: Constant = { type: tensor?.type ?? 'float32', shape: [], data: tensor?.data ?? new Float32Array(1) };
  if (expandElsewhere(call, filled, 0)) return;
  const rank = (call.constant(0)?.data.length ?? 0) - 1;
  call.finish('Expand', [call.number(tensor?.data[0] ?? 0), call.number(...targetShape(call, 0, rank))]);
}

/**
 * Ops that choose by index, where the batch is merged into what they choose from or numbers of items are among the indices:
 * rewritten so that each item chooses from its own numbers.
 */
import { axisOf } from '../../graph/axes.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import { Chain } from './chain.ts';
import { type ItemNumbers, itemNumbersOf } from './item-numbers.ts';
import { groupsOf, isUsual, rankOf, usual } from './layout.ts';
import type { Move, MovedNodes, Rewrite } from './move.ts';
import { choosesByItem } from './moves-batch.ts';

/** No item has so many rows, so that a gather gives NaN. */
const outside = 2 ** 25;

/**
 * x of `[batch · length, …]` at indices of number of the item · length + index. An index that would reach into another item's
 * rows gives NaN.
 */
function ofOwnRows(move: Move, length: number, numbers: ItemNumbers | undefined, isTuple: boolean): MovedNodes {
  const { item, layout } = move.moved;
  const isOne = numbers === undefined && move.state.fixedBatch === 1;
  const isOwn = layout.axis === 0 && layout.before === 0 && isUsual(move.layoutOf(1));
  if (!isOwn || numbers?.ofFirst || !(isOne || numbers?.factor === length))
    move.refuse(`indices that count items by ${numbers?.factor ?? 0} into ${length} rows each`);
  const indices = move.shape(1);
  const chain = new Chain(move);
  const rest = item.slice(layout.after);
  const rows = chain.add('Reshape', [move.node.inputs[0]!, move.add([0, length, ...rest])]);
  const isBefore = chain.add('Less', [move.node.inputs[1]!, move.add([0], [])]);
  const own = chain.add('Where', [isBefore, move.add([outside], []), move.node.inputs[1]!]);
  const tuples = isTuple ? own : chain.add('Reshape', [own, move.add([0, ...indices, 1])]);
  return { nodes: chain.end('GatherND', [rows, tuples], { batch_dims: 1 }), layout: usual };
}

export function gatherByItem(move: Move): MovedNodes | undefined {
  const numbers = itemNumbersOf(move.state, move.node.inputs[1]!);
  const isComputed = move.constant(0) === undefined && move.constant(1) === undefined;
  if (numbers === undefined && move.state.fixedBatch !== 1) return undefined;
  if (numbers === undefined && !isComputed) return ofOneItem(move);
  if (!isComputed) move.refuse('the number of an item as an index into a table');
  const { item, layout } = move.moved;
  const axis = axisOf(move.number('axis', 0), rankOf(layout, item), move.node);
  if (axis !== layout.axis) move.refuse('the number of an item as an index into its own numbers');
  return ofOwnRows(move, sizeOf(item.slice(0, layout.after)), numbers, false);
}

/** In a file for one item, constant rows of a value that the batch is merged into: the first dimension of the indices is the batch. */
function ofOneItem(move: Move): MovedNodes | undefined {
  const indices = move.constant(1);
  if (indices?.shape[0] !== 1 || move.constant(0) !== undefined) return undefined;
  const { item, layout } = move.moved;
  const axis = axisOf(move.number('axis', 0), rankOf(layout, item), move.node);
  if (axis !== 0 || layout.axis !== 0 || layout.before !== 0 || layout.after === 0) return undefined;
  const chain = new Chain(move);
  const length = sizeOf(item.slice(0, layout.after));
  const rows = chain.add('Reshape', [move.node.inputs[0]!, move.add([0, length, ...item.slice(layout.after)])]);
  const own = move.add(indices.data, indices.shape.slice(1));
  return { nodes: chain.end('Gather', [rows, own], { axis: 1 }), layout: usual };
}

/** In a file for one item, tuples of any kind: the item is a batch of one. */
function tuplesOfOne(move: Move): MovedNodes {
  if (!isUsual(move.layoutOf(0)) || !isUsual(move.layoutOf(1))) move.refuse('index tuples');
  const chain = new Chain(move);
  const whole = chain.add('Reshape', [move.node.inputs[0]!, move.add([0, 1, ...move.shape(0)])]);
  return { nodes: chain.end('GatherND', [whole, move.node.inputs[1]!], { batch_dims: 1 }), layout: usual };
}

/** Constant tuples that do not reach the batch: rows of the dimensions that they name, as one. */
function constantTuples(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const indices = move.constant(1)!;
  const width = indices.shape.at(-1) ?? 0;
  if (width < 1 || width > layout.axis || move.number('batch_dims', 0) !== 0)
    move.refuse('index tuples that reach the batch');
  const [sizes, inner] = [item.slice(0, width), item.slice(width)];
  const lead = indices.shape.slice(0, -1);
  const places = Array.from({ length: sizeOf(lead) }, (_, at) => placeOf(move, indices.data.subarray(at * width), sizes));
  const chain = new Chain(move);
  const rows = chain.add('Reshape', [move.node.inputs[0]!, move.add([0, sizeOf(sizes), ...inner])]);
  const chosen = chain.add('Gather', [rows, move.add(places)], { axis: 1 });
  const nodes = chain.end('Reshape', [chosen, move.add([0, ...lead, ...inner])]);
  return { nodes, layout: { ...layout, axis: layout.axis - width + lead.length } };
}

/** Tuples that begin with the number of the item, or are that number alone. */
function GatherND(move: Move): MovedNodes {
  const numbers = itemNumbersOf(move.state, move.node.inputs[1]!);
  const isConstant = move.constant(1) !== undefined && move.constant(0) === undefined && !isUsual(move.layoutOf(0));
  if (numbers === undefined && isConstant) return constantTuples(move);
  if (numbers === undefined && choosesByItem(move.state, move.node)) return tuplesOfOne(move);
  if (move.constant(0) !== undefined || move.number('batch_dims', 0) !== 0 || numbers === undefined)
    move.refuse('this form of index tuples');
  if (!isUsual(move.layoutOf(0)) || !isUsual(move.layoutOf(1)) || numbers.factor !== 1)
    move.refuse(`indices that count items by ${numbers.factor}`);
  const width = move.shape(1).at(-1);
  if (!numbers.ofFirst) return width === 1 ? ofOwnRows(move, 1, numbers, true) : move.refuse('numbers of items alone');
  const chain = new Chain(move);
  const [from, to, axis] = [1, width!, move.shape(1).length].map((value) => move.add([value]));
  const tuples = chain.add('Slice', [move.node.inputs[1]!, from!, to!, axis!]);
  return { nodes: chain.end('GatherND', [move.node.inputs[0]!, tuples], { batch_dims: 1 }), layout: usual };
}

/** Constant tuples that do not reach the batch: updated rows lie behind the data's, and each row is one of both. */
function ScatterND(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const indices = move.constant(1);
  const width = indices?.shape.at(-1) ?? 0;
  const isPlain =
    move.node.attributes.get('reduction') === undefined || move.node.attributes.get('reduction')?.value === 'none';
  if (indices === undefined || !isPlain || move.constant(2) !== undefined || width < 1 || width > layout.axis)
    move.refuse('this form of updates');
  const lead = indices.shape.slice(0, -1);
  const [sizes, inner] = [item.slice(0, width), item.slice(width)];
  const expected = { ...layout, axis: lead.length + layout.axis - width };
  const updates = move.layoutOf(2);
  const isFit = updates.axis === expected.axis && updates.before === expected.before && updates.after === expected.after;
  if (!isFit || showShape(move.shape(2)) !== showShape([...lead, ...inner])) move.refuse('updates of another shape');
  const [rows, count] = [sizeOf(sizes), sizeOf(lead)];
  const from = Array.from({ length: rows }, (_, row) => row);
  for (let update = 0; update < count; update++) from[placeOf(move, indices.data.subarray(update * width), sizes)] = rows + update; // biome-ignore format: one loop
  const chain = new Chain(move);
  const data = chain.add('Reshape', [move.node.inputs[0]!, move.add([0, rows, sizeOf(inner)])]);
  const news = chain.add('Reshape', [move.node.inputs[2]!, move.add([0, count, sizeOf(inner)])]);
  const all = chain.add('Concat', [data, news], { axis: 1 });
  const chosen = chain.add('Gather', [all, move.add(from)], { axis: 1 });
  return { nodes: chain.end('Reshape', [chosen, move.add([0, ...item])]), layout };
}

function placeOf(move: Move, tuple: ArrayLike<number>, sizes: readonly number[]): number {
  return sizes.reduce((sum, size, d) => {
    const index = tuple[d]! < 0 ? tuple[d]! + size : tuple[d]!;
    if (!Number.isInteger(index) || index < 0 || index >= size) move.refuse(`index ${tuple[d]} of ${size}`);
    return sum * size + index;
  }, 0);
}

/** All dimensions before `axis` as one, and all others: the batch is merged with those beside it. */
function Flatten(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const groups = groupsOf(layout, item);
  const given = move.number('axis', 1);
  const axis = given < 0 ? given + groups.length : given;
  if (!(axis >= 0 && axis <= groups.length)) move.refuse(`axis ${given}`);
  const isFirst = layout.axis < axis;
  const sizes = (from: number, to: number): number => sizeOf(groups.slice(from, to).flatMap((group) => group.map((d) => item[d]!))); // biome-ignore format: one expression
  // What stands before and after the batch in the dimension that it is merged into.
  const cut = layout.axis + layout.before;
  const [start, end] = isFirst ? [0, axis] : [axis, groups.length];
  const slower = sizes(start, layout.axis) * sizeOf(item.slice(layout.axis, cut));
  const faster = sizeOf(item.slice(cut, cut + layout.after)) * sizes(layout.axis + 1, end);
  const merged = [[slower], [faster]].map((part) => part.filter((size) => size > 1)) as [number[], number[]];
  const other = isFirst ? sizes(axis, groups.length) : sizes(0, axis);
  const flat = isFirst ? [...merged.flat(), other] : [other, ...merged.flat()];
  return {
    nodes: [move.with([move.node.inputs[0]!, move.add([0, ...flat])], {}, 'Reshape')],
    layout: { axis: isFirst ? 0 : 1, before: merged[0].length, after: merged[1].length },
  };
}

export const indexRewrites: Readonly<Record<string, Rewrite>> = { Flatten, GatherND, ScatterND };

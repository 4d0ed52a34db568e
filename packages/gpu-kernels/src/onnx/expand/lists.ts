/**
 * Lists of tensors, as torch's newer exporter writes `split` and `chunk` where nothing optimised the file: import knows their entries
 * by name, and no value holds one.
 */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { dependsOnBatch } from '../constant.ts';
import { integersOf } from '../node-call.ts';
import type { Expand, Expansion } from './expansion.ts';

/** A longer one is a file made to take time. */
const longestList = 4096;

function listOf(to: Expansion): readonly string[] {
  const list = to.state.lists.get(to.input(0));
  if (list === undefined) throw graphInvalid(to.node, `"${to.input(0)}" is no list of tensors.`);
  return list;
}

function giveList(to: Expansion, list: readonly string[]): void {
  if (list.length > longestList) throw graphInvalid(to.node, `a list of ${list.length} tensors; at most ${longestList} are expected.`);
  to.state.lists.set(to.node.outputs[0] ?? '', list);
} // biome-ignore format: one condition

/** The entry that input `index` names, from the end where it is below 0; `length` is one behind the last. */
function placeIn(to: Expansion, index: number, length: number, most: number): number {
  const constant = to.constant(index);
  if (constant === undefined) throw opUnsupported(to.node, 'a computed place in a list of tensors');
  const [given = Number.NaN] = integersOf(constant, to.node);
  const place = given < 0 ? given + length : given;
  if (!(place >= 0 && place <= most)) throw graphInvalid(to.node, `place ${given} in a list of ${length} tensors.`);
  return place;
}

/** Sizes of the parts: all of them, one for all but the last, or 1 each. */
function partsOf(to: Expansion, size: number): readonly number[] {
  const constant = to.has(1) ? to.constant(1) : { shape: [], data: [1] };
  if (constant === undefined) throw opUnsupported(to.node, 'computed sizes of parts');
  if (constant.shape.length > 0) return integersOf(to.constant(1)!, to.node);
  if (dependsOnBatch(size)) throw opUnsupported(to.node, `a split of the batch. ${itemsTogether}`);
  const part = constant.data[0]!;
  const count = Math.ceil(size / part);
  if (!(Number.isInteger(part) && part > 0 && count <= longestList))
    throw graphInvalid(to.node, `parts of ${part} of a dimension of ${size}; at most ${longestList} are expected.`);
  return Array.from({ length: count }, (_, index) => Math.min(part, size - index * part));
}

function SplitToSequence(to: Expansion): void {
  const shape = to.shape(0);
  const axis = axisOf(to.attributes.number('axis', 0), shape.length, to.node);
  const isSqueezed = to.attributes.number('keepdims', 1) === 0 && !to.has(1);
  to.attributes.finish();
  const sizes = partsOf(to, shape[axis]!);
  const parts = sizes.map((_, index) => to.fresh(`part ${index}`));
  const inputs = [to.input(0), to.integers(...sizes)];
  const attributes = new Map([['axis', { kind: 'number', value: axis } as const]]);
  to.nodes.push({ name: to.fresh('Split'), op: 'Split', domain: '', inputs, outputs: parts, attributes });
  giveList(to, isSqueezed ? parts.map((part) => to.add('Squeeze', [part, to.integers(axis)])) : parts);
}

function SequenceConstruct(to: Expansion): void {
  giveList(to, to.node.inputs.map((_, index) => to.input(index))); // biome-ignore format: one call
}

function SequenceEmpty(to: Expansion): void {
  to.attributes.number('dtype', 1);
  to.attributes.finish();
  giveList(to, []);
}

function SequenceAt(to: Expansion): void {
  const list = listOf(to);
  to.give('Identity', [list[placeIn(to, 1, list.length, list.length - 1)]!]);
}

function SequenceInsert(to: Expansion): void {
  const list = listOf(to);
  giveList(to, list.toSpliced(to.has(2) ? placeIn(to, 2, list.length, list.length) : list.length, 0, to.input(1)));
}

function SequenceErase(to: Expansion): void {
  const list = listOf(to);
  giveList(to, list.toSpliced(to.has(1) ? placeIn(to, 1, list.length, list.length - 1) : list.length - 1, 1));
}

function SequenceLength(to: Expansion): void {
  to.give('Identity', [to.tensor('int64', [], [listOf(to).length])]);
}

function ConcatFromSequence(to: Expansion): void {
  const list = listOf(to);
  const axis = to.attributes.number('axis', 0);
  const isNew = to.attributes.number('new_axis', 0) !== 0;
  to.attributes.finish();
  to.give('Concat', isNew ? list.map((name) => to.add('Unsqueeze', [name, to.integers(axis)])) : list, { axis });
}

export const listExpansions: Readonly<Record<string, Expand>> = {
  ConcatFromSequence,
  SequenceAt,
  SequenceConstruct,
  SequenceEmpty,
  SequenceErase,
  SequenceInsert,
  SequenceLength,
  SplitToSequence,
};

/** Whether a node has its batch elsewhere than first, or brings it there. Most files have no such node. */
import { sizeOf } from '../../graph/shapes.ts';
import type { Constant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import type { OnnxNode } from '../onnx-model.ts';
import { isUsual, reshaped, usual } from './layout.ts';
import { Move } from './move.ts';
import { batchElsewhere } from './unit-dimension.ts';

/**
 * Whether numbers of items choose: the node must then be rewritten. In a file for one item that number is a 0 like any other, so
 * that every tuple there is taken to begin with it.
 */
export function choosesByItem(state: ImportState, node: OnnxNode): boolean {
  if (node.op === 'Gather') return state.itemNumbers.has(node.inputs[1] ?? '');
  if (node.op !== 'GatherND') return false;
  const isOfOne = state.fixedBatch === 1 && state.constantOf(node.inputs[0] ?? '') === undefined;
  return state.itemNumbers.has(node.inputs[1] ?? '') || (isOfOne && (node.attributes.get('batch_dims')?.value ?? 0) === 0);
}

/** Whether a Flatten of a value with the batch first merges it with others. */
function flattensBatch(node: OnnxNode, rank: number): boolean {
  const axis = node.attributes.get('axis')?.value ?? 1;
  return (
    node.op === 'Flatten' && typeof axis === 'number' && axis !== 1 && axis !== 1 - rank && axis >= -rank && axis <= rank
  );
}

/** Whether values of one item shape, which have the batch first, are joined along it. */
export function joinsItems(state: ImportState, node: OnnxNode): boolean {
  if (node.op !== 'Concat') return false;
  const isValue = (name: string): boolean => state.constantOf(name) === undefined && !state.unbatched.has(name) && !state.layouts.has(name); // biome-ignore format: one condition
  if (!node.inputs.every(isValue)) return false;
  const [first = [], ...others] = node.inputs.map((name) => state.shapeOf(name, node));
  const axis = node.attributes.get('axis')?.value;
  const isSame = (item: readonly number[]): boolean => item.length === first.length && item.every((size, d) => size === first[d]); // biome-ignore format: one condition
  return (axis === 0 || axis === -first.length - 1) && others.every(isSame);
}

/** Whether a node on a value with the batch first moves it or merges it. */
function movesBatch(state: ImportState, node: OnnxNode): boolean {
  if (choosesByItem(state, node) || joinsItems(state, node)) return true;
  if (node.op === 'Flatten') return flattensBatch(node, state.shapeOf(node.inputs[0]!, node).length + 1);
  const perm = node.op === 'Transpose' ? node.attributes.get('perm') : undefined;
  if (node.op === 'Transpose') return perm?.kind === 'numbers' && perm.value[0] !== 0;
  if (node.op === 'Unsqueeze') {
    const axes = new Move(state, node).list('axes', 1) ?? [];
    const rank = state.shapeOf(node.inputs[0]!, node).length + 1 + axes.length;
    return axes.includes(0) || axes.includes(-rank);
  }
  const target = node.op === 'Reshape' ? state.constantOf(node.inputs[1] ?? '') : undefined;
  if (target === undefined || target.data.length === 0) return false;
  const item = state.shapeOf(node.inputs[0]!, node);
  const found = reshaped({ item, layout: usual }, [...target.data], state.fixedBatch);
  return found !== undefined && !isUsual(found.layout) && !keepsItems(target.data, item, state.fixedBatch);
}

/** A first entry that stands for the batch alone, the rest being the item: the usual reshape. A batch left open is no 1. */
function keepsItems(target: Constant['data'], item: readonly number[], fixedBatch: number | undefined): boolean {
  const [first, ...rest] = target;
  const shape = rest.map((entry, d) => (entry === 0 ? (item[d] ?? 0) : entry));
  const known = sizeOf(shape.filter((entry) => entry !== -1));
  const fits = shape.includes(-1) ? first !== -1 && Number.isInteger(sizeOf(item) / known) : known === sizeOf(item);
  const isOne = first === 1 && (fixedBatch === 1 || !shape.includes(-1));
  return fits && (first === 0 || first === -1 || isOne || first === fixedBatch);
}

/** Whether the batch is elsewhere than first in what the node takes, or in what it gives. */
export const isMovedAsTaken = (state: ImportState, node: OnnxNode): boolean =>
  node.inputs.some((name) => state.layouts.has(name)) || movesBatch(state, node);

/** Whether the node must be written as nodes on items. */
export const isMoved = (state: ImportState, node: OnnxNode): boolean =>
  isMovedAsTaken(state, node) || batchElsewhere(state, node) !== undefined;

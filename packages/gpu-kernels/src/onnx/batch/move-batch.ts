/**
 * Nodes whose batch is not the first dimension, or not alone in it, as nodes on items, whose batch is: axes, permutations,
 * shapes and constants are rewritten, and where the batch then is in the ONNX shape of the result is remembered.
 */
import { sizeOf } from '../../graph/shapes.ts';
import type { Constant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import type { OnnxNode } from '../onnx-model.ts';
import { isUsual, reshaped, usual } from './layout.ts';
import { Move, type MovedNodes, type Rewrite } from './move.ts';
import { arithmeticRewrites } from './move-arithmetic.ts';
import { choosingRewrites } from './move-choosing.ts';
import { choosesByItem, flattensBatch, indexRewrites } from './move-indices.ts';
import { layerRewrites } from './move-layers.ts';
import { quantisedRewrites } from './move-quantised.ts';
import { shapeRewrites } from './move-shapes.ts';
import { windowRewrites } from './move-windows.ts';
import { withoutBatch } from './without-batch.ts';

const rewrites: Readonly<Record<string, Rewrite>> = {
  ...arithmeticRewrites,
  ...choosingRewrites,
  ...shapeRewrites,
  ...quantisedRewrites,
  ...indexRewrites,
  ...layerRewrites,
  ...windowRewrites,
};

/** Whether a node on a value with the batch first moves it or merges it. */
function movesBatch(state: ImportState, node: OnnxNode): boolean {
  if (choosesByItem(state, node)) return true;
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

/** The node as nodes on items, or undefined where the batch is first and stays so. */
export function moveBatch(state: ImportState, node: OnnxNode): MovedNodes | undefined {
  if (state.isOneItem) return withoutBatch(new Move(state, node));
  const isMoved = node.inputs.some((name) => state.layouts.has(name));
  if (!isMoved && !movesBatch(state, node)) return undefined;
  const move = new Move(state, node);
  const rewrite = Object.hasOwn(rewrites, node.op) ? rewrites[node.op] : undefined;
  return rewrite === undefined ? move.refuse('the op') : rewrite(move);
}

/**
 * In a file for one item the batch is a 1 like any other. Where a Reshape gives several, the first of them was taken to be it; a node
 * that takes this dimension away shows that another is.
 */
import { axisOf } from '../../graph/axes.ts';
import { makeConstant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import type { OnnxNode } from '../onnx-model.ts';
import { onnxShape, rankOf, usual } from './layout.ts';
import { Move } from './move.ts';

/** The ONNX dimensions that the node removes, as a choice of one place or as dimensions of 1. */
function removedBy(move: Move, rank: number): readonly number[] {
  const isChoice = move.node.op === 'Gather' && move.constant(1)?.shape.length === 0;
  const axes = isChoice ? [move.number('axis', 0)] : move.node.op === 'Squeeze' ? (move.list('axes', 1) ?? []) : [];
  return axes.map((axis) => axisOf(axis, rank, move.node));
}

/** The dimension of 1 that must be the batch, or undefined where the one that was taken to be it can stay. */
export function batchElsewhere(state: ImportState, node: OnnxNode): number | undefined {
  const [name = ''] = node.inputs;
  const isChoice = node.op === 'Gather' || node.op === 'Squeeze';
  if (!isChoice || state.fixedBatch !== 1 || state.constantOf(name) !== undefined || state.unbatched.has(name))
    return undefined;
  const move = new Move(state, node);
  const { item, layout } = move.moved;
  if (layout.axis < 0 || layout.before + layout.after > 0) return undefined;
  const removed = removedBy(move, rankOf(layout, item));
  if (!removed.includes(layout.axis)) return undefined;
  const at = onnxShape(layout, item).findIndex((size, d) => size === 1 && !removed.includes(d));
  return at < 0 ? undefined : at;
}

/** The node on the same numbers with the batch at `at`. */
export function withBatchAt(state: ImportState, node: OnnxNode, at: number): OnnxNode {
  const [name, ...others] = node.inputs as [string, ...string[]];
  const { item, layout } = new Move(state, node).moved;
  const sizes = onnxShape(layout, item).map((size, d) => (d === layout.axis ? 1 : size));
  const moved = state.freshName(`${node.name}/batch`);
  const target = state.freshName(`${node.name}/shape`);
  const entries = [0, ...sizes.filter((_, d) => d !== at)];
  state.constants.set(target, makeConstant('float32', [entries.length], entries, target));
  state.write(node, 'Reshape', [name, target], moved, {}, moved);
  state.copyMarks(state.resolve(name), moved);
  if (at === 0) state.layouts.delete(moved);
  else state.layouts.set(moved, { ...usual, axis: at });
  return { ...node, inputs: [moved, ...others] };
}

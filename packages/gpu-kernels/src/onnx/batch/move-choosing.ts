/** Gather and GatherElements of values, or by indices, whose batch moved. */
import { axisOf } from '../../graph/axes.ts';
import { rankOf } from './layout.ts';
import type { Move, MovedNodes, Rewrite } from './move.ts';
import { alongAxis } from './move-arithmetic.ts';
import { gatherByItem } from './move-indices.ts';

/** Computed indices, which have the batch where the data has it. */
function GatherElements(move: Move): MovedNodes {
  if (move.constant(0) !== undefined || move.constant(1) !== undefined) move.refuse('a constant to choose from or by');
  return alongAxis(0)(move);
}

/** Rows of a constant table, which have the batch where their indices have it. */
function rowsOfTable(move: Move): MovedNodes {
  if (move.number('axis', 0) !== 0) move.refuse('computed indices along another axis of a table');
  return { nodes: [move.node], layout: move.layoutOf(1) };
}

function Gather(move: Move): MovedNodes {
  if (move.constant(0) !== undefined && !move.state.itemNumbers.has(move.node.inputs[1]!)) return rowsOfTable(move);
  const byItem = gatherByItem(move);
  if (byItem !== undefined) return byItem;
  const indices = move.constant(1);
  if (indices === undefined || move.constant(0) !== undefined) move.refuse('computed indices');
  const { item, layout } = move.moved;
  const axis = axisOf(move.number('axis', 0), rankOf(layout, item), move.node);
  const shift = axis < layout.axis ? indices.shape.length - 1 : 0;
  return {
    nodes: [move.with(move.node.inputs, { axis: move.axis(axis) })],
    layout: { ...layout, axis: layout.axis + shift },
  };
}

export const choosingRewrites: Readonly<Record<string, Rewrite>> = { Gather, GatherElements };

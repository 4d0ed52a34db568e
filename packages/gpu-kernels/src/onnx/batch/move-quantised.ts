/** Quantised ops whose batch is not the first dimension: scales and zero points are rewritten, or refused along the batch. */
import { axisOf } from '../../graph/axes.ts';
import { rankOf } from './layout.ts';
import type { Move, MovedNodes, Rewrite } from './move.ts';

/** One scale for all, or one for each place of a dimension of the item. */
function Linear(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const isSingle = (move.constant(1)?.data.length ?? 1) === 1;
  const axis = axisOf(isSingle ? -1 : move.number('axis', 1), rankOf(layout, item), move.node);
  const changes = isSingle ? {} : { axis: move.axis(axis) };
  return { nodes: [move.with(move.node.inputs, changes)], layout };
}

/** The range of an item does not depend on where the batch is. */
const Dynamic = (move: Move): MovedNodes => ({ nodes: [move.node], layout: move.moved.layout });

/** `b`: the second operand. A constant one is multiplied along the last dimension, a computed one along the last two. */
const product =
  (b: number) =>
  (move: Move): MovedNodes => {
    const { layout, rank } = move.commonLayout([0, b]);
    const isConstant = move.constant(b) !== undefined;
    if (move.constant(0) !== undefined || (isConstant && move.constant(b)!.shape.length !== 2)) move.refuse('integers of several constant matrices'); // biome-ignore format: one condition
    if (layout.axis >= rank - (isConstant ? 1 : 2)) move.refuse('a product along the batch');
    return { nodes: [move.node], layout };
  };

export const quantisedRewrites: Readonly<Record<string, Rewrite>> = {
  QuantizeLinear: Linear,
  DequantizeLinear: Linear,
  DynamicQuantizeLinear: Dynamic,
  MatMulInteger: product(1),
  QLinearMatMul: product(3),
  QGemm: product(3),
};

/** Arithmetic, products, reductions and norms of values whose batch moved. */
import { axisOf } from '../../graph/axes.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import type { OnnxNode } from '../onnx-model.ts';
import { Chain } from './chain.ts';
import { type BatchLayout, rankOf, withRows } from './layout.ts';
import type { CommonLayout, Move, MovedNodes, Rewrite } from './move.ts';
import { joinsItems } from './moves-batch.ts';
import { sameForEach } from './same-for-each.ts';

/**
 * A constant as the items see it: what it has at the batch must be 1, or in a file for a fixed number of items the same for
 * each, as a query that every item repeats is after an exporter computed it.
 */
function itemConstant(move: Move, index: number, { layout, rank, merged }: CommonLayout): string {
  const name = move.node.inputs[index]!;
  const { type, shape, data } = move.constant(index)!;
  const at = layout.axis - (rank - shape.length);
  if (at < 0) return name;
  const [before, after] = [shape.slice(0, at), shape.slice(at + 1)];
  if (shape[at] === 1) return move.add(data, [...before, ...merged.map(() => 1), ...after], type);
  const items = move.state.fixedBatch ?? Number.NaN;
  const slower = sizeOf(before) * sizeOf(merged.slice(0, layout.before));
  const faster = sizeOf(merged.slice(layout.before)) * sizeOf(after);
  const one = slower * items * faster === data.length ? sameForEach(data, items, faster) : undefined;
  if (one === undefined) move.refuse(`a constant ${showShape(shape)} that differs from item to item`);
  return move.add(one, [...before, ...merged, ...after], type);
}

/** Number by number, with broadcasting; a value of fewer dimensions gets those that lie before the batch. */
function Elementwise(move: Move): MovedNodes {
  const common = move.commonLayout();
  const { layout, rank } = common;
  const spread: OnnxNode[] = [];
  const inputs = move.node.inputs.map((name, index) => {
    if (name === '' || move.state.unbatched.has(name)) return name;
    if (move.constant(index) !== undefined) return itemConstant(move, index, common);
    const item = move.shape(index);
    const missing = rank - rankOf(move.layoutOf(index), item);
    if (missing === 0) return name;
    const wide = move.state.freshName(`${move.node.name}/spread`);
    const target = move.add([0, ...new Array<number>(missing).fill(1), ...item]);
    spread.push({ ...move.with([name, target], {}, 'Reshape'), name: wide, outputs: [wide] });
    return wide;
  });
  return { nodes: [...spread, move.with(inputs)], layout };
}

/** A constant matrix is the same for all; constants of more dimensions are so along the batch. */
function MatMul(move: Move): MovedNodes {
  const common = move.commonLayout();
  const { rank } = common;
  const ranks = [0, 1].map((index) => move.constant(index)?.shape.length);
  const [first, second] = ranks;
  const isMatrixAlone = first === undefined && second === 2;
  const layout = isMatrixAlone ? withRows(common.layout, move.shape(0), move.state.fixedBatch) : common.layout;
  if (second !== undefined && second > 2 && layout.axis === rank - 2) return rowsTimesMatrices(move, layout);
  if (layout.axis >= (isMatrixAlone ? rank - 1 : rank - 2) || ranks.some((length) => length !== undefined && length < 2))
    move.refuse('a product along the batch');
  const inputs = move.node.inputs.map((name, index) =>
    (ranks[index] ?? 2) === 2 ? name : itemConstant(move, index, common),
  );
  return { nodes: [move.with(inputs)], layout };
}

/** Rows of which the batch is one dimension, or part of it, by a constant matrix for each of the dimensions before them. */
function rowsTimesMatrices(move: Move, layout: BatchLayout): MovedNodes {
  const item = move.shape(0);
  const matrices = move.constant(1)!.shape;
  const [lead, channels] = [item.slice(0, layout.axis), item.at(-1)!];
  const rest = item.slice(layout.axis, -1);
  const chain = new Chain(move);
  const rows = chain.add('Reshape', [move.node.inputs[0]!, move.add([0, ...lead, sizeOf(rest), channels])]);
  const product = chain.add('MatMul', [rows, move.node.inputs[1]!]);
  return { nodes: chain.end('Reshape', [product, move.add([0, ...lead, ...rest, matrices.at(-1)!])]), layout };
}

/** Along one dimension that stays. */
export const alongAxis =
  (fallback: number) =>
  (move: Move): MovedNodes => {
    const { layout } = move.commonLayout();
    return { nodes: [move.with(move.node.inputs, { axis: move.axis(move.number('axis', fallback)) })], layout };
  };

/** Values joined along the batch: which of them a number is of becomes a dimension of the item, slower than the batch. */
function joined(move: Move): MovedNodes {
  const chain = new Chain(move);
  const axes = move.add([1]);
  const values = move.node.inputs.map((name) => chain.add('Unsqueeze', [name, axes]));
  return { nodes: chain.end('Concat', values, { axis: 1 }), layout: { axis: 0, before: 1, after: 0 } };
}

const alongDimension = alongAxis(0);
const Concat: Rewrite = (move) => (joinsItems(move.state, move.node) ? joined(move) : alongDimension(move));

/** Over the dimensions from `axis` to the last, none of which may be the batch. */
function LayerNormalization(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const axis = axisOf(move.number('axis', -1), rankOf(layout, item), move.node);
  if (axis <= layout.axis) move.refuse('normalisation over the batch');
  return { nodes: [move.with(move.node.inputs, { axis: move.axis(axis) })], layout };
}

function Reduce(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const axes = (move.list('axes', 1) ?? move.refuse('a reduction of everything')).map((axis) =>
    axisOf(axis, rankOf(layout, item), move.node),
  );
  const given = axes.map((axis) => move.axis(axis));
  const keeps = move.number('keepdims', 1) !== 0;
  const removed = keeps ? 0 : axes.filter((axis) => axis < layout.axis).length;
  const isInput = move.constant(1) !== undefined;
  const node = isInput
    ? move.with([move.node.inputs[0]!, move.add(given)])
    : move.with([move.node.inputs[0]!], { axes: given });
  return { nodes: [node], layout: { ...layout, axis: layout.axis - removed } };
}

/** Along one dimension that stays, or is left out. */
function Argument(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const axis = axisOf(move.number('axis', 0), rankOf(layout, item), move.node);
  const removed = move.number('keepdims', 1) === 0 && axis < layout.axis ? 1 : 0;
  return { nodes: [move.with(move.node.inputs, { axis: move.axis(axis) })], layout: { ...layout, axis: layout.axis - removed } }; // biome-ignore format: one result
}

const each = (names: readonly string[], rewrite: Rewrite): Record<string, Rewrite> =>
  Object.fromEntries(names.map((name) => [name, rewrite]));

export const arithmeticRewrites: Readonly<Record<string, Rewrite>> = {
  MatMul, LayerNormalization, RMSNormalization: LayerNormalization, Softmax: alongAxis(-1), LogSoftmax: alongAxis(-1), Split: alongDimension, Concat,
  ArgMax: Argument, ArgMin: Argument,
  ...each(['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSum', 'LogSumExp'].map((name) => `Reduce${name}`), Reduce),
  ...each([
    'Abs', 'Add', 'And', 'Cast', 'Ceil', 'Celu', 'Clip', 'Cos', 'Div', 'Dropout', 'Elu', 'Equal', 'Erf', 'Exp', 'Floor', 'Gelu', 'Greater',
    'GreaterOrEqual', 'HardSigmoid', 'HardSwish', 'Identity', 'IsNaN', 'LeakyRelu', 'Less', 'LessOrEqual', 'Log', 'Max', 'Mean', 'Min',
    'Mish', 'Mul', 'Neg', 'Not', 'Or', 'PRelu', 'Pow', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Softplus', 'Softsign',
    'Sqrt', 'Sub', 'Sum', 'Swish', 'Tanh', 'Where', 'Xor',
  ], Elementwise),
}; // biome-ignore format: a table

/** Layers that lie on a batch which is not the first dimension, or not alone in it, as layers of items. */
import { rankOf, withRows } from './layout.ts';
import type { Move, MovedNodes, Rewrite } from './move.ts';

/** On items with rows of their own it is a product and a sum. */
function Gemm(move: Move): MovedNodes {
  const { item, layout: given } = move.moved;
  const layout = withRows(given, item, move.state.fixedBatch);
  const matrix = move.constant(1);
  const plain = move.number('alpha', 1) === 1 && move.number('beta', 1) === 1 && move.number('transA', 0) === 0;
  if (!plain || matrix?.shape.length !== 2 || layout.axis !== 0) move.refuse('this form');
  const [rows, columns] = matrix.shape as [number, number];
  const isTurned = move.number('transB', 0) !== 0;
  const turned = Float32Array.from(matrix.data, (_, i) => matrix.data[(i % rows) * columns + Math.floor(i / rows)]!);
  const weight = isTurned ? move.add(turned, [columns, rows], 'float32') : move.node.inputs[1]!;
  const product = move.with([move.node.inputs[0]!, weight], {}, 'MatMul');
  if ((move.node.inputs[2] ?? '') === '') return { nodes: [product], layout };
  const name = move.state.freshName(`${move.node.name}/product`);
  const sum = move.with([name, move.node.inputs[2]!], {}, 'Add');
  return { nodes: [{ ...product, name, outputs: [name] }, sum], layout };
}

/** Of channels that lie behind the batch: a factor and a summand for each. */
function BatchNormalization(move: Move): MovedNodes {
  const { layout } = move.moved;
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((index) => move.constant(index)?.data);
  if (!scale || !shift || !mean || !variance || layout.axis !== 0) move.refuse('this form');
  const epsilon = move.number('epsilon', 1e-5);
  const factor = scale.map((s, c) => s / Math.sqrt(variance[c]! + epsilon));
  const offset = shift.map((s, c) => s - (mean[c]! * scale[c]!) / Math.sqrt(variance[c]! + epsilon));
  const shape = [factor.length, ...new Array<number>(Math.max(0, rankOf(layout, move.shape(0)) - 2)).fill(1)];
  const name = move.state.freshName(`${move.node.name}/factor`);
  const product = move.with([move.node.inputs[0]!, move.add(factor, shape, 'float32')], {}, 'Mul');
  const sum = move.with([name, move.add(offset, shape, 'float32')], {}, 'Add');
  return { nodes: [{ ...product, name, outputs: [name] }, sum], layout };
}

/** Of images that have the batch among their channels; it stays as it is. */
function Resize(move: Move): MovedNodes {
  const { layout } = move.moved;
  if (layout.before + layout.after > 0 || move.node.attributes.has('axes')) move.refuse('this form');
  const inputs = move.node.inputs.map((name, index) => {
    const list = index === 0 ? undefined : move.constant(index);
    if (list === undefined || list.data.length === 0) return name;
    const entries = [...list.data];
    const [batch = 1] = entries.splice(layout.axis, 1);
    return move.add([batch, ...entries], list.shape, list.type);
  });
  return { nodes: [move.with(inputs)], layout };
}

export const layerRewrites: Readonly<Record<string, Rewrite>> = { BatchNormalization, Gemm, Resize };

/** Gemm, MatMul, Softmax. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import { LazyTensor, turned } from '../lazy-tensor.ts';
import type { GraphValue, PlanBuilder } from '../plan-builder.ts';
import { broadcastShape, permuteList, sameShape, showShape } from '../shapes.ts';
import { activationOf, addWalk } from './copying.ts';

/** `[k, n]` → `[n, k]`. */
function transposed(matrix: Tensor, factor = 1): Tensor {
  const [rows, columns] = matrix.shape as [number, number];
  return turned(matrix, [columns, rows], rows, columns, factor);
}

const scaled = (matrix: Tensor, factor: number): Tensor =>
  factor === 1 ? matrix : new LazyTensor(matrix.shape, () => matrix.data.map((w) => w * factor));

/** y = alpha · x · B + beta · C with constant B and C; alpha and beta are multiplied into them. */
export function Gemm(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const alpha = attributes.number('alpha', 1);
  const beta = attributes.number('beta', 1);
  const transB = attributes.number('transB', 0);
  attributes.require('transA', 0);
  attributes.finish();
  const x = builder.value(node, 0);
  const matrix = builder.constant(node, 1);
  const bias = builder.optionalConstant(node, 2);
  if (x.shape.length !== 1 || matrix.shape.length !== 2) {
    throw graphInvalid(node, `Gemm takes matrices, got ${showShape(x.shape)} without batch and ${showShape(matrix.shape)}.`);
  }
  const weight = transB === 0 ? transposed(matrix, alpha) : scaled(matrix, alpha);
  const [outputs, inputs] = weight.shape as [number, number];
  if (inputs !== x.shape[0]) throw graphInvalid(node, `the weight takes ${inputs} features, the input has ${x.shape[0]}.`);
  if (bias !== undefined && bias.data.length !== 1 && (bias.data.length !== outputs || bias.shape.at(-1) !== outputs)) {
    throw opUnsupported(
      node,
      `C of shape ${showShape(bias.shape)}, only one number for each of ${outputs} outputs is implemented`,
    );
  }
  const biasData =
    bias && Float32Array.from({ length: outputs }, (_, i) => bias.data[bias.data.length === 1 ? 0 : i]! * beta);
  const id = builder.addStep(
    {
      op: 'gemm',
      name: node.name,
      x: builder.plain(x, node.name),
      weight: builder.addWeight(`${node.name}.weight`, weight),
      ...(biasData === undefined
        ? {}
        : { bias: builder.addWeight(`${node.name}.bias`, { shape: [outputs], data: biasData }) }),
      activation: { kind: 'none' },
    },
    [outputs],
  );
  builder.define(node.outputs[0]!, [outputs], { plain: id });
}

export function MatMul(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  const [a, b] = [builder.constants.get(node.inputs[0] ?? ''), builder.constants.get(node.inputs[1] ?? '')];
  const isMatrix = (tensor: Tensor): boolean => tensor.shape.length === 2;
  if (b !== undefined && a === undefined && isMatrix(b)) matmulByWeight(builder, node, b);
  else if (a !== undefined && isMatrix(a)) matmulOfWeight(builder, node, a);
  else matmulOfValues(builder, node);
}

function matmulByWeight(builder: PlanBuilder, node: GraphNode, matrix: Tensor): void {
  const x = builder.value(node, 0);
  const [inputs, outputs] = matrix.shape as [number, number];
  if (x.shape.length === 0 || x.shape.at(-1) !== inputs)
    throw graphInvalid(node, `B takes ${inputs} features, A is ${showShape(x.shape)} without batch.`);
  const shape = [...x.shape.slice(0, -1), outputs];
  const weight = turnedWeight(builder, node, matrix, x.shape.length > 1);
  const id = builder.addStep(
    { op: 'gemm', name: node.name, x: builder.plain(x, node.name), weight, activation: { kind: 'none' } },
    shape,
  );
  builder.define(node.outputs[0]!, shape, { plain: id });
}

/** Recurrences multiply by one matrix in every step, which is then one weight. */
function turnedWeight(builder: PlanBuilder, node: GraphNode, matrix: Tensor, isShared: boolean): string {
  const name = isShared ? `${node.inputs[1]}:turned` : `${node.name}.weight`;
  if (isShared) builder.sharedWeights.add(name);
  return isShared && builder.weights.has(name) ? name : builder.addWeight(name, transposed(matrix));
}

/** A constant matrix times the matrices of each item. */
function matmulOfWeight(builder: PlanBuilder, node: GraphNode, matrix: Tensor): void {
  const b = builder.value(node, 1);
  const [rows, inner] = matrix.shape as [number, number];
  if (b.shape.length < 2)
    throw opUnsupported(node, `B of shape ${showShape(b.shape)} without batch: each item must hold matrices`);
  if (inner !== b.shape.at(-2)) throw graphInvalid(node, `${showShape(matrix.shape)} · ${showShape(b.shape)} does not fit.`);
  const shape = [...b.shape.slice(0, -2), rows, b.shape.at(-1)!];
  const aWeight = builder.addWeight(`${node.name}.input0`, matrix);
  const id = builder.addStep({ op: 'matmul', name: node.name, aWeight, b: builder.plain(b, node.name) }, shape);
  builder.define(node.outputs[0]!, shape, { plain: id });
}

/** Leading dimensions are broadcast by repeating the matrices, and constants of more dimensions are given to every item. */
function matmulOfValues(builder: PlanBuilder, node: GraphNode): void {
  const known = [0, 1].filter((index) => !builder.isConstant(node.inputs[index] ?? ''));
  const rank = known.length === 0 ? 0 : Math.max(...known.map((index) => builder.value(node, index).shape.length));
  const [a, b] = [activationOf(builder, node, 0, rank), activationOf(builder, node, 1, rank)];
  if (rank < 2 || a.shape.length !== rank || b.shape.length !== rank) {
    throw opUnsupported(
      node,
      `shapes ${showShape(a.shape)} and ${showShape(b.shape)} without batch: each item must hold matrices in as many dimensions`,
    );
  }
  const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (lead === undefined || a.shape.at(-1) !== b.shape.at(-2))
    throw graphInvalid(node, `${showShape(a.shape)} · ${showShape(b.shape)} does not fit.`);
  const repeated = (value: GraphValue): number => {
    const shape = [...lead, ...value.shape.slice(-2)];
    const id = builder.plain(value, node.name);
    if (sameShape(shape, value.shape)) return id;
    const walks = shape.map((count, d) => ({ begin: 0, step: value.shape[d] === count ? 1 : 0, count }));
    return addWalk(builder, node.name, id, walks);
  };
  const shape = [...lead, a.shape.at(-2)!, b.shape.at(-1)!];
  const id = builder.addStep({ op: 'matmul', name: node.name, a: repeated(a), b: repeated(b) }, shape);
  builder.define(node.outputs[0]!, shape, { plain: id });
}

/** Over a dimension that is changed over with the last one, and back. */
function softmaxInside(builder: PlanBuilder, node: GraphNode, dimension: number): void {
  const x = builder.value(node, 0);
  const last = x.shape.length - 1;
  const permutation = x.shape.map((_, d) => (d === dimension ? last : d === last ? dimension : d));
  const turned = permuteList(x.shape, permutation);
  const from = builder.addStep({ op: 'transpose', name: node.name, x: builder.plain(x, node.name), permutation }, turned);
  const softmax = builder.addStep({ op: 'softmax', name: node.name, x: from }, turned);
  const plain = builder.addStep({ op: 'transpose', name: node.name, x: softmax, permutation }, x.shape);
  builder.define(node.outputs[0]!, x.shape, { plain });
}

/** Over the last dimension, or over the channels of an image value, which are last in its channels-last form. */
export function Softmax(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const x = builder.value(node, 0);
  const rank = x.shape.length + 1;
  const axis = attributes.number('axis', -1);
  attributes.finish();
  const dimension = axis < 0 ? axis + rank : axis;
  const overChannels = rank === 4 && dimension === 1;
  if (!(dimension >= 1 && dimension < rank))
    throw opUnsupported(node, `softmax over the batch (axis ${axis} of rank ${rank})`);
  if (dimension !== rank - 1 && !overChannels) {
    softmaxInside(builder, node, dimension - 1);
    return;
  }
  const id = overChannels ? builder.channelsLast(x, node.name) : builder.plain(x, node.name);
  const output = builder.addStep({ op: 'softmax', name: node.name, x: id }, builder.values[id]!.shape);
  builder.define(node.outputs[0]!, x.shape, overChannels ? { channelsLast: output } : { plain: output });
}

/** Gemm, MatMul, Softmax. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { sameShape, showShape } from '../shapes.ts';

/** `[k, n]` → `[n, k]`. */
function transposed({ shape, data }: Tensor, factor = 1): Tensor {
  const [rows, columns] = shape as [number, number];
  const moved = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) moved[column * rows + row] = data[row * columns + column]! * factor;
  return { shape: [columns, rows], data: moved };
}

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
  const weight = transB === 0 ? transposed(matrix, alpha) : { shape: matrix.shape, data: matrix.data.map((w) => w * alpha) };
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
  const [nameA = '', nameB = ''] = node.inputs;
  const [constantA, constantB] = [builder.constants.get(nameA), builder.constants.get(nameB)];
  if (constantB !== undefined && constantA === undefined) matmulByWeight(builder, node, constantB);
  else matmulOfValues(builder, node, constantA);
}

function matmulByWeight(builder: PlanBuilder, node: GraphNode, matrix: Tensor): void {
  const x = builder.value(node, 0);
  if (matrix.shape.length !== 2)
    throw opUnsupported(node, `constant B of shape ${showShape(matrix.shape)}, only a matrix is implemented`);
  const [inputs, outputs] = matrix.shape as [number, number];
  if (x.shape.length === 0 || x.shape.at(-1) !== inputs)
    throw graphInvalid(node, `B takes ${inputs} features, A is ${showShape(x.shape)} without batch.`);
  const shape = [...x.shape.slice(0, -1), outputs];
  const weight = builder.addWeight(`${node.name}.weight`, transposed(matrix));
  const id = builder.addStep(
    { op: 'gemm', name: node.name, x: builder.plain(x, node.name), weight, activation: { kind: 'none' } },
    shape,
  );
  builder.define(node.outputs[0]!, shape, { plain: id });
}

function matmulOfValues(builder: PlanBuilder, node: GraphNode, constantA: Tensor | undefined): void {
  const b = builder.value(node, 1);
  const a = constantA === undefined ? builder.value(node, 0) : undefined;
  const shapeA = a?.shape ?? [...b.shape.slice(0, -2), ...constantA!.shape];
  if (shapeA.length < 2 || b.shape.length < 2 || (constantA !== undefined && constantA.shape.length !== 2)) {
    throw opUnsupported(
      node,
      `shapes ${showShape(shapeA)} and ${showShape(b.shape)} without batch: each item must hold matrices, and a constant must be a matrix`,
    );
  }
  if (!sameShape(shapeA.slice(0, -2), b.shape.slice(0, -2))) throw opUnsupported(node, 'broadcasting of leading dimensions');
  if (shapeA.at(-1) !== b.shape.at(-2))
    throw graphInvalid(node, `${showShape(shapeA)} · ${showShape(b.shape)} does not fit.`);
  const shape = [...shapeA.slice(0, -1), b.shape.at(-1)!];
  const left =
    a === undefined ? { aWeight: builder.addWeight(`${node.name}.input0`, constantA!) } : { a: builder.plain(a, node.name) };
  const id = builder.addStep({ op: 'matmul', name: node.name, ...left, b: builder.plain(b, node.name) }, shape);
  builder.define(node.outputs[0]!, shape, { plain: id });
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
  if (dimension !== rank - 1 && !overChannels)
    throw opUnsupported(node, `axis ${axis} of rank ${rank}, only the last dimension or the channels are implemented`);
  if (dimension < 1) throw opUnsupported(node, 'softmax over the batch');
  const id = overChannels ? builder.channelsLast(x, node.name) : builder.plain(x, node.name);
  const output = builder.addStep({ op: 'softmax', name: node.name, x: id }, builder.values[id]!.shape);
  builder.define(node.outputs[0]!, x.shape, overChannels ? { channelsLast: output } : { plain: output });
}

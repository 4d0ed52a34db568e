/** Forms of products that are others, while their usual form is one of the planner's ops. */
import { rankOf, usual } from '../batch/layout.ts';
import type { ImportState } from '../import-state.ts';
import { type OnnxNode, opKey } from '../onnx-model.ts';
import type { Expand, Expansion } from './expansion.ts';

/** Where a product has its operands. */
const operandsOf: Readonly<Record<string, readonly [a: number, b: number]>> = { MatMul: [0, 1], MatMulInteger: [0, 1], QLinearMatMul: [0, 3] }; // biome-ignore format: a table

const turned = (rank: number): number[] =>
  Array.from({ length: rank }, (_, d) => (d === rank - 1 ? rank - 2 : d === rank - 2 ? rank - 1 : d));

const vectorAt = (state: ImportState, { op, inputs }: OnnxNode): number =>
  operandsOf[op]!.find((index) => state.constantOf(inputs[index] ?? '')?.shape.length === 1) ?? -1;

/** A constant vector is a matrix of one row or column, whose dimension the result has not. */
function VectorProduct(to: Expansion): void {
  to.attributes.finish();
  const { op, inputs } = to.node;
  const at = vectorAt(to.state, to.node);
  const { type, shape, data } = to.constant(at)!;
  const matrix = to.tensor(type, at === 0 ? [1, ...shape] : [...shape, 1], data);
  const product = to.add(op, inputs.map((name, index) => (index === at ? matrix : name))); // biome-ignore format: one call
  const axis = at === 0 && to.shape(operandsOf[op]![1]).length > 1 ? -2 : -1;
  to.give('Squeeze', [product, to.integers(axis)]);
}

/** C is computed, as where onnxruntime joined a product and the sum behind it: added to the product. */
function SumAfterGemm(to: Expansion): void {
  const beta = to.attributes.number('beta', 1);
  const product = to.add('Gemm', to.node.inputs.slice(0, 2), to.attributesWithout('beta'));
  const c = beta === 1 ? to.input(2) : to.add('Mul', [to.input(2), to.number(beta)]);
  to.give('Add', [product, c]);
}

/** Rows and columns of a constant that is one matrix for all that it meets. */
function matrixOf(shape: readonly number[], rank: number): readonly number[] | undefined {
  const isOne = shape.length >= 2 && shape.length <= rank && shape.slice(0, -2).every((size) => size === 1);
  return isOne ? shape.slice(-2) : undefined;
}

/** Zero points of rows, which may have a dimension for the columns. */
function flatGrid(to: Expansion, index: number): string {
  const constant = to.constant(index);
  return constant !== undefined && constant.shape.length > 1 ? to.reshape(to.input(index), -1) : to.optional(index);
}

/**
 * Integers of a constant matrix times those of each item: (Bᵀ · Aᵀ)ᵀ, so that the constant is the weight of an exact product.
 * The inputs of an operand, and those of its grid, change over with those of the other.
 */
const WeightFirst =
  (matrix: readonly number[]): Expand =>
  (to) => {
    const { op, inputs } = to.node;
    const [a, b] = operandsOf[op]!;
    const rank = to.shape(b).length;
    const swap = turned(rank);
    const weight = to.transpose(to.reshape(to.input(a), ...matrix), 1, 0);
    const x = to.transpose(to.input(b), ...swap);
    const grid = (index: number): string[] => (op === 'QLinearMatMul' ? [to.input(index + 1), flatGrid(to, index + 2)] : []);
    const zeroPoints = op === 'MatMulInteger' ? [to.optional(3), flatGrid(to, 2)] : [];
    const product = to.add(op, [x, ...grid(b), weight, ...grid(a), ...zeroPoints, ...inputs.slice(6)]);
    to.give('Transpose', [product], { perm: swap });
  };

function weightFirst(state: ImportState, node: OnnxNode): Expand | undefined {
  const [a, b] = operandsOf[node.op]!.map((index) => node.inputs[index] ?? '') as [string, string];
  const shape = state.constantOf(a)?.shape;
  if (shape === undefined || b === '') return undefined;
  const matrix = matrixOf(shape, rankOf(state.layouts.get(b) ?? usual, state.shapeOf(b, node)));
  return matrix === undefined ? undefined : WeightFirst(matrix);
}

/** Constant matrices by columns, each an item, as hummingbird writes trees: items as rows, by the matrices turned. */
function ItemsFirst(to: Expansion): void {
  to.attributes.finish();
  const perm = turned(to.shape(1).length);
  const x = to.transpose(to.input(1), ...perm);
  const product = to.add('MatMul', [x, to.transpose(to.input(0), ...turned(to.shape(0).length))]);
  to.give('Transpose', [product], { perm });
}

/** A Gemm whose first operand is constant: (Bᵀ · Aᵀ)ᵀ, and the sum behind it. */
function GemmOfItems(to: Expansion): void {
  const [alpha, beta] = [to.attributes.number('alpha', 1), to.attributes.number('beta', 1)];
  const [isATurned, isBTurned] = [to.attributes.number('transA', 0) !== 0, to.attributes.number('transB', 0) !== 0];
  to.attributes.finish();
  const [a, b] = [to.input(0), to.input(1)];
  to.shapeOfRank(0, 2);
  to.shapeOfRank(1, 2);
  const product = to.add('MatMul', [isBTurned ? b : to.transpose(b, 1, 0), isATurned ? a : to.transpose(a, 1, 0)]);
  const scaled = alpha === 1 ? product : to.add('Mul', [product, to.number(alpha)]);
  if (!to.has(2) || beta === 0) {
    to.give('Transpose', [scaled], { perm: [1, 0] });
    return;
  }
  const c = beta === 1 ? to.input(2) : to.add('Mul', [to.input(2), to.number(beta)]);
  to.give('Add', [to.transpose(scaled, 1, 0), c]);
}

/** Whether a constant meets a value whose batch is its last dimension, which a product has as columns. */
function hasItemsAsColumns(state: ImportState, node: OnnxNode): boolean {
  const [a = '', b = ''] = node.inputs;
  const constant = state.constantOf(a);
  if (constant === undefined || b === '' || state.constantOf(b) !== undefined) return false;
  const layout = state.layouts.get(b) ?? usual;
  const rank = rankOf(layout, state.shapeOf(b, node));
  return rank >= 2 && layout.axis === rank - 1 && constant.shape.length >= 2 && constant.shape.length <= rank;
}

/** How the node is written as others, if it has such a form. Of constants alone the product is one too. */
export function productForm(state: ImportState, node: OnnxNode): Expand | undefined {
  const key = opKey(node);
  const isComputed = (name: string | undefined): boolean => name !== undefined && name !== '' && state.constantOf(name) === undefined; // biome-ignore format: one condition
  if (Object.hasOwn(operandsOf, key)) {
    const operands = operandsOf[key]!.map((index) => node.inputs[index]);
    if (!operands.some(isComputed)) return undefined;
    if (vectorAt(state, node) >= 0) return VectorProduct;
    if (key === 'MatMul') return hasItemsAsColumns(state, node) ? ItemsFirst : undefined;
    return weightFirst(state, node);
  }
  if (key === 'Gemm' && isComputed(node.inputs[1]) && !isComputed(node.inputs[0])) return GemmOfItems;
  return key === 'Gemm' && isComputed(node.inputs[2]) ? SumAfterGemm : undefined;
}

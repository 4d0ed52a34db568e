/**
 * The ops of most classifiers by convolutions, and what exporters compute of their shapes. Whatever else a file needs throws NeedsAllOps,
 * so that everything here gives what all ops give, and a file of these loads their modules alone.
 */
import { isMoved } from './batch/moves-batch.ts';
import { productForm } from './expand/product-forms.ts';
import { elementwiseFolds } from './fold/elementwise.ts';
import { indexingFolds } from './fold/indexing.ts';
import { movementFolds } from './fold/movement.ts';
import { type ImportOps, NeedsAllOps } from './import-ops.ts';
import type { ImportState } from './import-state.ts';
import { Div, Max, Mean, Min, Pow, Sum } from './lower/arithmetic.ts';
import type { Lower } from './lower/lower-call.ts';
import { Concat, ConstantOfShape, Expand, Slice, Split, Tile } from './lower/movement.ts';
import { GlobalAveragePool, GlobalMaxPool, LayerNormalization, ReduceL2, Softmax } from './lower/normalisation.ts';
import { Dropout, Identity, pass } from './lower/passing.ts';
import { Pad, Reduce, Reshape, Squeeze, Unsqueeze } from './lower/shapes.ts';
import { AveragePool, convolved, pooled } from './lower/windows.ts';
import { type OnnxModel, type OnnxNode, opKey } from './onnx-model.ts';

function needsAll(): never {
  throw new NeedsAllOps();
}

/** Ops of the planner that are passed on as they are. */
const passed = [
  'Abs', 'Add', 'BatchNormalization', 'Clip', 'Elu', 'Erf', 'Exp', 'Flatten', 'Gelu', 'Gemm', 'HardSigmoid', 'HardSwish', 'LeakyRelu',
  'Log', 'MatMul', 'Mish', 'Mul', 'Neg', 'PRelu', 'Reciprocal', 'Relu', 'Sigmoid', 'Softplus', 'Sqrt', 'Sub', 'Tanh', 'Transpose',
]; // biome-ignore format: a list

const places: Lower = (call) => (call.isRead(1) ? needsAll() : pooled(call));

export const commonLowers: Readonly<Record<string, Lower>> = {
  ...Object.fromEntries(passed.map((op) => [op, pass])),
  AveragePool, Concat, ConstantOfShape, Conv: convolved, Div, Dropout, Expand, GlobalAveragePool, GlobalMaxPool, Identity,
  LayerNormalization, Max, MaxPool: places, Mean, Min, Pad, Pow, ReduceL2, ReduceMax: Reduce, ReduceMean: Reduce, ReduceSum: Reduce,
  Reshape, Slice, Softmax, Split, Squeeze, Sum, Tile, Unsqueeze,
}; // biome-ignore format: a table

export const commonFolds = { ...elementwiseFolds, ...indexingFolds, ...movementFolds };

const known = new Set([...Object.keys(commonLowers), ...Object.keys(commonFolds), 'Shape', 'Size']);
const isKnown = (node: OnnxNode): boolean => known.has(opKey(node));

/** Of inference, with constant numbers. */
const isPlainNorm = (state: ImportState, { attributes, inputs }: OnnxNode): boolean =>
  attributes.get('training_mode')?.value !== 1 && inputs.slice(1).every((name) => state.constantOf(name) !== undefined);

/** Whether it is worth trying. */
export const isCommon = (model: OnnxModel): boolean => model.nodes.every(isKnown);

export const commonOps: ImportOps = {
  admit(state, node) {
    if (!isKnown(node) || (node.op === 'BatchNormalization' && !isPlainNorm(state, node))) needsAll();
    if (productForm(state, node) !== undefined) needsAll();
  },
  expand: () => undefined,
  bodies: {},
  folds: { table: commonFolds, others: needsAll },
  move: (state, node) => (state.isOneItem || isMoved(state, node) ? needsAll() : undefined),
  lower: (_, key) => commonLowers[key] ?? needsAll(),
  lowerMarked: ({ state }) => (state.types.size + state.unbatched.size + state.dequantized.size > 0 ? needsAll() : false),
};

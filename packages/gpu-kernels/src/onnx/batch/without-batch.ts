/**
 * Graphs without a batch, where one run of the file is one item: every value has its whole ONNX shape as item shape, so that each
 * node is rewritten to work one dimension further in. Operands of fewer dimensions are brought to the rank that they meet.
 */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import { takesNumbers } from '../lower/unbatched.ts';
import { graphAttributes, integersOf } from '../node-call.ts';
import { reshapedSizes } from '../reshaped-sizes.ts';
import { eachOfBatch } from './each-of-batch.ts';
import { Gemm, MatMul, ofIntegers } from './item-products.ts';
import { noBatch } from './layout.ts';
import type { Move, MovedNodes } from './move.ts';
import { type Rewrite, Rewriting } from './rewriting.ts';

const asIs: Rewrite = (to) => to.end(to.move.node.inputs);

const broadcast: Rewrite = (to) => {
  const { inputs } = to.move.node;
  const rank = Math.max(...inputs.map((_, index) => to.shape(index).length));
  return to.end(inputs.map((_, index) => to.ofRank(index, rank)));
};

/** Along one dimension, counted from the batch on. */
const alongAxis =
  (fallback: number): Rewrite =>
  (to) => {
    const rank = to.shape(0).length;
    return to.end(to.move.node.inputs, { axis: axisOf(to.move.number('axis', fallback), rank, to.move.node) + 1 });
  };

/** Softmax and its like: before opset 13 from axis 1 on, unless it says otherwise. */
const softmax: Rewrite = (to) => alongAxis(to.move.state.opset < 13 ? 1 : -1)(to);

const reduce: Rewrite = (to) => {
  const shape = to.shape(0);
  const given = to.list('axes', 1) ?? [];
  const [x] = to.move.node.inputs;
  if (given.length === 0 && to.move.number('noop_with_empty_axes', 0) !== 0) return to.end(to.move.node.inputs);
  const axes = given.length === 0 ? [...shape.keys()] : given.map((axis) => axisOf(axis, shape.length, to.move.node));
  if (axes.length === 0) return to.end([x!], {}, 'Identity');
  const changed = axes.map((axis) => axis + 1);
  return (to.move.node.inputs[1] ?? '') === '' ? to.end([x!], { axes: changed }) : to.end([x!, to.move.add(changed)]);
};

const Transpose: Rewrite = (to) => {
  const reversed = to.shape(0).map((_, d, all) => all.length - 1 - d);
  const given = graphAttributes(to.move.node)['perm'];
  const perm = Array.isArray(given) ? (given as readonly number[]) : reversed;
  return to.end(to.move.node.inputs, { perm: [0, ...perm.map((d) => d + 1)] });
};

const Reshape: Rewrite = (to) => {
  const shape = to.shape(0);
  const target = to.move.constant(1);
  if (target === undefined) throw opUnsupported(to.move.node, 'a computed shape');
  const wanted = integersOf(target, to.move.node);
  return to.toShape(reshapedSizes(to.move.node, shape, wanted, to.move.number('allowzero', 0) !== 0));
};

const Flatten: Rewrite = (to) => {
  const shape = to.shape(0);
  const given = to.move.number('axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  if (!(axis >= 0 && axis <= shape.length)) throw graphInvalid(to.move.node, `axis ${given} does not exist.`);
  return to.toShape([sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
};

const Squeeze: Rewrite = (to) => {
  const shape = to.shape(0);
  const axes = to.list('axes', 1)?.map((axis) => axisOf(axis, shape.length, to.move.node));
  if (axes?.some((axis) => shape[axis] !== 1)) throw graphInvalid(to.move.node, `axes ${showShape(axes)} of ${showShape(shape)} are not all 1.`); // biome-ignore format: one condition
  return to.toShape(shape.filter((size, d) => (axes === undefined ? size !== 1 : !axes.includes(d))));
};

const Unsqueeze: Rewrite = (to) => {
  const axes = to.list('axes', 1) ?? [];
  const rank = to.shape(0).length + axes.length;
  const changed = axes.map((axis) => axisOf(axis, rank, to.move.node) + 1);
  const [x] = to.move.node.inputs;
  return to.move.constant(1) === undefined ? to.end([x!], { axes: changed }) : to.end([x!, to.move.add(changed)]);
};

const Expand: Rewrite = (to) => {
  const target = to.list('shape', 1) ?? [];
  const shape = to.shape(0);
  const rank = Math.max(target.length, shape.length);
  const sizes = [...new Array<number>(rank - target.length).fill(1), ...target];
  return to.end([to.ofRank(0, rank), to.move.add([1, ...sizes])]);
};

const Slice: Rewrite = (to) => {
  const starts = to.list('starts', 1) ?? [];
  const rank = to.shape(0).length;
  const axes = (to.list('axes', 3) ?? starts.map((_, d) => d)).map((axis) => axisOf(axis, rank, to.move.node) + 1);
  const [x, from, end, , steps] = to.move.node.inputs;
  return to.end([x!, from!, end!, to.move.add(axes), ...(steps === undefined ? [] : [steps])]);
};

const Pad: Rewrite = (to) => {
  const rank = to.shape(0).length;
  const given = to.list('pads', 1) ?? [];
  const [x, , value] = to.move.node.inputs;
  const axes = (to.list('axes', 3) ?? Array.from({ length: rank }, (_, d) => d)).map((axis) => axisOf(axis, rank, to.move.node)); // biome-ignore format: one expression
  const inputs = [x!, to.move.add(given), value ?? '', to.move.add(axes.map((axis) => axis + 1))];
  return to.end(inputs);
};

const Tile: Rewrite = (to) => to.end([to.move.node.inputs[0]!, to.move.add([1, ...(to.list('repeats', 1) ?? [])])]);

/** Constant indices; or computed ones into a constant table, whose rows they choose as they are. */
const Gather: Rewrite = (to) => {
  if (to.move.constant(0) !== undefined) return to.end(to.move.node.inputs);
  if (to.move.constant(1) === undefined) throw opUnsupported(to.move.node, 'computed indices into a computed value');
  return alongAxis(0)(to);
};

/** Input `index`, where it is constant, as that of the one item. */
function once(to: Rewriting, index: number): string {
  const constant = to.move.constant(index);
  return constant === undefined
    ? to.move.node.inputs[index]!
    : to.move.add(constant.data, [1, ...constant.shape], constant.type);
}

/** Elements of computed numbers along an axis: GatherElements, ScatterElements. */
const elements: Rewrite = (to) => {
  if (to.move.constant(0) !== undefined) throw opUnsupported(to.move.node, 'elements of a constant where the whole graph is one item'); // biome-ignore format: one condition
  const axis = axisOf(to.move.number('axis', 0), to.shape(0).length, to.move.node) + 1;
  return to.end([to.move.node.inputs[0]!, ...to.move.node.inputs.slice(1).map((_, index) => once(to, index + 1))], { axis });
};

/** Of a constant table the tuples of the item choose as they are. */
const GatherND: Rewrite = (to) =>
  to.move.constant(0) === undefined
    ? to.end([to.move.node.inputs[0]!, once(to, 1)], { batch_dims: to.move.number('batch_dims', 0) + 1 })
    : to.end(to.move.node.inputs);

const OneHot: Rewrite = (to) =>
  to.end(to.move.node.inputs, { axis: axisOf(to.move.number('axis', -1), to.shape(0).length + 1, to.move.node) + 1 });

/** One scale needs no axis. */
const quantised: Rewrite = (to) => (sizeOf(to.shape(1)) === 1 ? to.end(to.move.node.inputs) : alongAxis(1)(to));

const CumSum: Rewrite = (to) => {
  const [axis = 0] = to.list('axis', 1) ?? [];
  return to.end([to.move.node.inputs[0]!, to.move.add([axisOf(axis, to.shape(0).length, to.move.node) + 1], [])]);
};

const each = (names: readonly string[], rewrite: Rewrite): Record<string, Rewrite> =>
  Object.fromEntries(names.map((name) => [name, rewrite]));

const rewrites: Readonly<Record<string, Rewrite>> = {
  Transpose, Reshape, Flatten, Squeeze, Unsqueeze, Expand, Slice, Pad, Tile, Gather, GatherElements: elements, GatherND, CumSum, MatMul, Gemm,
  OneHot, ScatterElements: elements, QuantizeLinear: quantised, DequantizeLinear: quantised,
  Softmax: softmax, LogSoftmax: softmax, Hardmax: softmax, Split: alongAxis(0), Concat: alongAxis(0), ArgMax: alongAxis(0), ArgMin: alongAxis(0),
  TopK: alongAxis(-1), LayerNormalization: alongAxis(-1), RMSNormalization: alongAxis(-1),
  ...each(['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'].map((name) => `Reduce${name}`), reduce),
  ...each(['Add', 'And', 'Div', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Max', 'Mean', 'Min', 'Mod', 'Mul', 'Or', 'Pow', 'PRelu', 'Sub', 'Sum', 'Where', 'Xor'], broadcast),
  ...each([
    'Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Cast', 'Ceil', 'Celu', 'Clip', 'Cos', 'Cosh', 'Dropout', 'Elu', 'Erf', 'Exp',
    'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'Identity', 'IsInf', 'IsNaN', 'LeakyRelu', 'Log', 'Mish', 'Neg', 'Not', 'Reciprocal', 'Relu',
    'Round', 'Selu', 'Shrink', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh', 'ThresholdedRelu',
    'Trilu',
  ], asIs),
  ...each([
    'AveragePool', 'BatchNormalization', 'Conv', 'ConvTranspose', 'DepthToSpace', 'GlobalAveragePool', 'GlobalLpPool', 'GlobalMaxPool', 'GroupNormalization',
    'InstanceNormalization', 'LRN', 'LpPool', 'MaxPool', 'Resize', 'SpaceToDepth', 'Upsample',
  ], eachOfBatch(0)),
  ConvInteger: eachOfBatch(0), QLinearConv: eachOfBatch(0), DynamicQuantizeLinear: asIs, MatMulInteger: ofIntegers(1), QLinearMatMul: ofIntegers(3), QGemm: ofIntegers(3),
  GridSample: eachOfBatch(0, 1),
  MaxUnpool: eachOfBatch(0, 1),
}; // biome-ignore format: a table

/** The node as nodes on the one item. */
export function withoutBatch(move: Move): MovedNodes {
  const { op, inputs } = move.node;
  // Lowering brings numbers of each item to the rank that they meet.
  const isOfNumbers = takesNumbers.has(op) && inputs.some((name) => move.state.unbatched.has(name));
  const rewrite = isOfNumbers ? asIs : Object.hasOwn(rewrites, op) ? rewrites[op] : undefined;
  if (rewrite === undefined) throw opUnsupported(move.node, 'the op where the whole graph is one item');
  return { nodes: rewrite(new Rewriting(move)), layout: noBatch };
}

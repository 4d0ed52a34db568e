/** Identity, Constant, Flatten, Reshape, Transpose, ReduceMean, ReduceSum. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../graph-errors.ts';
import { type PlanBuilder, toChannelsLast, toPlain } from '../plan-builder.ts';
import type { ReduceStep } from '../plan-products.ts';
import { permuteList, rowMajorStrides, sameShape, showShape, sizeOf } from '../shapes.ts';

export function Identity(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  const constant = builder.constants.get(node.inputs[0] ?? '');
  if (constant !== undefined) builder.constants.set(node.outputs[0]!, constant);
  else {
    const x = builder.value(node, 0);
    // Through a reshape, so that a fusion into the producer cannot change what other readers of the input see.
    const { form, id } = builder.existing(x);
    builder.define(node.outputs[0]!, x.shape, { [form]: builder.reshape(id, builder.values[id]!.shape, node.name) });
  }
}

export function Constant(builder: PlanBuilder, node: GraphNode): void {
  const { attributes = {} } = node;
  const [name] = Object.keys(attributes);
  if (Object.keys(attributes).length !== 1 || !['value_float', 'value_int', 'value_floats', 'value_ints'].includes(name!)) {
    throw opUnsupported(node, 'a constant needs exactly one of value_float, value_int, value_floats, value_ints');
  }
  const value = attributes[name!]!;
  if (typeof value === 'string') throw graphInvalid(node, `attribute ${name} must be numeric.`);
  const constant: Tensor =
    typeof value === 'number'
      ? { shape: [], data: Float32Array.of(value) }
      : { shape: [value.length], data: Float32Array.from(value) };
  builder.constants.set(node.outputs[0]!, constant);
}

export function Flatten(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const axis = attributes.number('axis', 1);
  attributes.finish();
  const x = builder.value(node, 0);
  if (axis !== 1 && axis !== -x.shape.length) throw opUnsupported(node, `axis ${axis}, only 1 keeps the batch apart`);
  const shape = [sizeOf(x.shape)];
  builder.define(node.outputs[0]!, shape, { plain: builder.reshape(builder.plain(x, node.name), shape, node.name) });
}

/** ONNX rules: 0 copies the dimension, −1 is inferred. The first entry is the batch: 0, −1, or 1 of a graph exported for one item. */
function resolveReshape(node: GraphNode, from: readonly number[], target: readonly number[]): number[] {
  const size = sizeOf(from);
  const [batch, ...rest] = target;
  const shape = rest.map((entry, index) => (entry === 0 ? (from[index] ?? 0) : entry));
  const unknown = shape.indexOf(-1);
  const known = sizeOf(shape.filter((entry) => entry !== -1));
  if (unknown >= 0 && batch !== -1 && known > 0) shape[unknown] = size / known;
  const keepsBatch = batch === 0 || batch === 1 || (batch === -1 && unknown < 0);
  if (!keepsBatch || sizeOf(shape) !== size || shape.some((entry) => !Number.isInteger(entry) || entry < 1)) {
    throw opUnsupported(
      node,
      `shape ${showShape(target)} does not keep the batch of items ${showShape(from)} as first dimension`,
    );
  }
  return shape;
}

export function Reshape(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  attributes.require('allowzero', 0);
  attributes.finish();
  const target = [...builder.constant(node, 1).data];
  const constant = builder.constants.get(node.inputs[0] ?? '');
  if (constant !== undefined) {
    const shape = target.map((entry, index) => (entry === 0 ? (constant.shape[index] ?? 0) : entry));
    const known = sizeOf(shape.filter((entry) => entry !== -1));
    const resolved = shape.map((entry) => (entry === -1 ? constant.data.length / known : entry));
    if (sizeOf(resolved) !== constant.data.length)
      throw graphInvalid(node, `${showShape(constant.shape)} cannot become ${showShape(target)}.`);
    builder.constants.set(node.outputs[0]!, { shape: resolved, data: constant.data });
    return;
  }
  const x = builder.value(node, 0);
  const shape = resolveReshape(node, x.shape, target);
  builder.define(node.outputs[0]!, shape, { plain: builder.reshape(builder.plain(x, node.name), shape, node.name) });
}

function transposeTensor({ shape, data }: Tensor, permutation: readonly number[]): Tensor {
  const to = permuteList(shape, permutation);
  const strides = permuteList(rowMajorStrides(shape), permutation);
  const toStrides = rowMajorStrides(to);
  const moved = data.map(
    (_, index) =>
      data[toStrides.reduce((from, stride, d) => from + (Math.floor(index / stride) % to[d]!) * strides[d]!, 0)]!,
  );
  return { shape: to, data: moved };
}

export function Transpose(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const constant = builder.constants.get(node.inputs[0] ?? '');
  const rank = constant?.shape.length ?? builder.value(node, 0).shape.length + 1;
  const reversed = Array.from({ length: rank }, (_, d) => rank - 1 - d);
  const permutation = attributes.numbers('perm', reversed, rank);
  attributes.finish();
  if (
    !sameShape(
      [...permutation].sort((a, b) => a - b),
      [...reversed].reverse(),
    )
  )
    throw graphInvalid(node, `perm ${showShape(permutation)} is no permutation.`);
  if (constant !== undefined) {
    builder.constants.set(node.outputs[0]!, transposeTensor(constant, permutation));
    return;
  }
  if (permutation[0] !== 0) throw opUnsupported(node, `perm ${showShape(permutation)} moves the batch`);
  const x = builder.value(node, 0);
  const ofItem = permutation.slice(1).map((d) => d - 1);
  const shape = permuteList(x.shape, ofItem);
  if (x.forms.channelsLast !== undefined && sameShape(ofItem, toChannelsLast)) {
    builder.defineAlias(node.outputs[0]!, shape, { plain: x.forms.channelsLast }); // NCHW → NHWC: the numbers lie so already
  } else if (sameShape(ofItem, toPlain)) {
    builder.defineAlias(node.outputs[0]!, shape, { channelsLast: builder.plain(x, node.name) }); // NHWC → NCHW: read it as channels-last
  } else {
    const id = builder.addStep(
      { op: 'transpose', name: node.name, x: builder.plain(x, node.name), permutation: ofItem },
      shape,
    );
    builder.define(node.outputs[0]!, shape, { plain: id });
  }
}

/** One axis or several, one step each. Axes are an attribute in older opsets and a constant input in newer ones. */
const reduce =
  (kind: ReduceStep['function']) =>
  (builder: PlanBuilder, node: GraphNode): void => {
    const attributes = new Attributes(node);
    const x = builder.value(node, 0);
    const rank = x.shape.length + 1;
    const all = Array.from({ length: rank }, (_, d) => d);
    const axes = (builder.optionalConstant(node, 1)?.data ?? Float32Array.from(attributes.numbers('axes', all))).map(
      (axis) => (axis < 0 ? axis + rank : axis),
    );
    const keep = attributes.number('keepdims', 1) !== 0;
    attributes.require('noop_with_empty_axes', 0);
    attributes.finish();
    if (axes.includes(0)) throw opUnsupported(node, `a reduction over the batch. ${itemsTogether}`);
    if (new Set(axes).size !== axes.length || axes.some((axis) => !Number.isInteger(axis) || axis >= rank || axis < 0)) {
      throw graphInvalid(node, `axes ${showShape([...axes])} do not fit rank ${rank}.`);
    }
    const { form, id: source } = builder.existing(x);
    let id = source;
    for (const axis of axes) {
      const dimension = form === 'plain' ? axis - 1 : toChannelsLast.indexOf((axis - 1) as 0 | 1 | 2);
      const shape = builder.values[id]!.shape.map((size, d) => (d === dimension ? 1 : size));
      id = builder.addStep({ op: 'reduce', name: node.name, function: kind, x: id, dimension }, shape);
    }
    const kept = x.shape.map((size, d) => (axes.includes(d + 1) ? 1 : size));
    builder.define(node.outputs[0]!, kept, { [form]: id });
    if (!keep) {
      const shape = x.shape.filter((_, d) => !axes.includes(d + 1));
      const plain = builder.plain(builder.named(node.outputs[0]!), node.name);
      builder.define(node.outputs[0]!, shape, { plain: builder.reshape(plain, shape, node.name) });
    }
  };

export const reduceOps: Readonly<Record<string, (builder: PlanBuilder, node: GraphNode) => void>> = {
  ReduceMax: reduce('max'),
  ReduceMean: reduce('mean'),
  ReduceMin: reduce('min'),
  ReduceProd: reduce('product'),
  ReduceSum: reduce('sum'),
};

/**
 * Nodes whose batch is not the first dimension, or not alone in it, as nodes on items, whose batch is: axes, permutations,
 * shapes and constants are rewritten, and where the batch then is in the ONNX shape of the result is remembered.
 */
import { axisOf } from '../../graph/axes.ts';
import { opUnsupported } from '../../graph/graph-errors.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import { batchEntry, type Constant, makeConstant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import { graphAttributes, integersOf } from '../node-call.ts';
import type { OnnxAttributeValue, OnnxNode } from '../onnx-model.ts';
import { Chain } from './chain.ts';
import {
  type BatchLayout,
  groupsOf,
  isUsual,
  itemAxis,
  type Moved,
  onnxShape,
  rankOf,
  reshaped,
  sameLayout,
  usual,
} from './layout.ts';
import { choosesByItem, flattensBatch, gatherByItem, indexRewrites } from './move-indices.ts';
import { layerRewrites } from './move-layers.ts';
import { quantisedRewrites } from './move-quantised.ts';
import { windowRewrites } from './move-windows.ts';
import { withoutBatch } from './without-batch.ts';

export interface MovedNodes {
  readonly nodes: readonly OnnxNode[];
  readonly layout: BatchLayout;
}

/** One node that is being rewritten. */
export class Move {
  readonly state: ImportState;
  readonly node: OnnxNode;

  constructor(state: ImportState, node: OnnxNode) {
    this.state = state;
    this.node = node;
  }

  layoutOf(index: number): BatchLayout {
    return this.state.layouts.get(this.node.inputs[index] ?? '') ?? usual;
  }

  constant(index: number): Constant | undefined {
    const name = this.node.inputs[index] ?? '';
    return name === '' ? undefined : this.state.constantOf(name);
  }

  shape(index: number): readonly number[] {
    return this.state.shapeOf(this.node.inputs[index]!, this.node);
  }

  get moved(): Moved {
    return { item: this.shape(0), layout: this.layoutOf(0) };
  }

  refuse(what: string): never {
    throw opUnsupported(this.node, `${what} where the batch is not the first dimension`);
  }

  /** A constant for the rewritten node. */
  add(
    values: readonly number[] | Float32Array | Float64Array,
    shape: readonly number[] = [values.length],
    type: Constant['type'] = 'int64',
  ): string {
    const name = this.state.freshName(`${this.node.name}/items`);
    this.state.constants.set(name, makeConstant(type, shape, values, name));
    return name;
  }

  /** The node on items, with other inputs and attributes. */
  with(
    inputs: readonly string[],
    changes: Readonly<Record<string, number | readonly number[]>> = {},
    op: string = this.node.op,
  ): OnnxNode {
    const attributes = new Map<string, OnnxAttributeValue>(
      op === this.node.op && op !== 'Reshape' ? this.node.attributes : [],
    );
    for (const [name, value] of Object.entries(changes))
      attributes.set(name, typeof value === 'number' ? { kind: 'number', value } : { kind: 'numbers', value });
    return { ...this.node, op, inputs, attributes };
  }

  number(name: string, fallback: number): number {
    const value = graphAttributes(this.node)[name] ?? fallback;
    return typeof value === 'number' ? value : this.refuse(`attribute ${name}`);
  }

  /** Dimension of the item's node (batch first) for an ONNX axis. */
  axis(axis: number): number {
    const { item, layout } = this.moved;
    return (itemAxis(layout, axisOf(axis, rankOf(layout, item), this.node)) ?? this.refuse('work along the batch')) + 1;
  }

  list(name: string, index: number): readonly number[] | undefined {
    const given = graphAttributes(this.node)[name];
    if (Array.isArray(given)) return given as readonly number[];
    const constant = this.constant(index);
    return constant && integersOf(constant, this.node);
  }
  /**
   * All activations among the inputs must have the batch in one place, counted from the last dimension where they broadcast;
   * numbers that each item has for itself lie after it.
   */
  commonLayout(indices: readonly number[] = this.node.inputs.map((_, index) => index)): {
    layout: BatchLayout;
    rank: number;
  } {
    const isValue = (index: number): boolean => {
      const name = this.node.inputs[index] ?? '';
      return name !== '' && this.constant(index) === undefined;
    };
    const all = indices.filter(isValue);
    const values = all.filter((index) => !this.state.unbatched.has(this.node.inputs[index]!));
    const ranks = new Map(values.map((index) => [index, rankOf(this.layoutOf(index), this.shape(index))]));
    const rank = Math.max(...ranks.values());
    const layout = this.layoutOf(values.find((index) => ranks.get(index) === rank)!);
    for (const index of values) {
      const own = this.layoutOf(index);
      if (!sameLayout({ ...own, axis: own.axis + rank - ranks.get(index)! }, layout))
        this.refuse('operands that have the batch in different places');
    }
    for (const index of all)
      if ((this.state.unbatched.get(this.node.inputs[index]!)?.length ?? 0) >= rank - layout.axis)
        this.refuse('numbers of each item that lie along the batch');
    return { layout, rank };
  }
}

export type Rewrite = (move: Move) => MovedNodes;

const toItems = (move: Move, { item, layout }: Moved): MovedNodes => ({
  nodes: [move.with([move.node.inputs[0]!, move.add([0, ...item])], {}, 'Reshape')],
  layout,
});

function Transpose(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const groups = groupsOf(layout, item);
  const reversed = groups.map((_, d) => groups.length - 1 - d);
  const given = graphAttributes(move.node)['perm'];
  const permutation = Array.isArray(given) ? (given as readonly number[]) : reversed;
  if (permutation.toSorted((a, b) => a - b).some((axis, d) => axis !== d) || permutation.length !== groups.length)
    throw opUnsupported(move.node, `perm ${showShape(permutation)} of rank ${groups.length}`);
  const order = permutation.flatMap((axis) => groups[axis]!);
  return {
    nodes: [move.with(move.node.inputs, { perm: [0, ...order.map((d) => d + 1)] })],
    layout: { ...layout, axis: permutation.indexOf(layout.axis) },
  };
}

function Reshape(move: Move): MovedNodes {
  const target = move.constant(1);
  const found = target && reshaped(move.moved, [...target.data], move.state.fixedBatch);
  if (found === undefined)
    move.refuse(`a reshape of items ${showShape(move.shape(0))} to ${showShape([...(target?.data ?? [])])}`);
  return toItems(move, found);
}

/** Dimensions of size 1 put in or taken out, as ONNX dimensions: groups of item dimensions. */
function Unsqueeze(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const axes = move.list('axes', 1) ?? [];
  const rank = rankOf(layout, item) + axes.length;
  const added = new Set(axes.map((axis) => axisOf(axis, rank, move.node)));
  const groups = groupsOf(layout, item).map((group) => group.map((d) => item[d]!));
  const all = Array.from({ length: rank }, (_, d) => (added.has(d) ? [1] : groups.shift()!));
  const axis = [...all.keys()].filter((d) => !added.has(d))[layout.axis]!;
  return toItems(move, { item: all.flat(), layout: { ...layout, axis } });
}

function Squeeze(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const rank = rankOf(layout, item);
  const axes = move.list('axes', 1)?.map((axis) => axisOf(axis, rank, move.node));
  if (axes === undefined || axes.includes(layout.axis)) move.refuse('removal of the batch');
  const removed = axes.map((axis) => itemAxis(layout, axis)!);
  if (removed.some((d) => item[d] !== 1)) move.refuse(`removal of dimensions ${showShape(axes)}`);
  const kept = item.filter((_, d) => !removed.includes(d));
  return toItems(move, {
    item: kept,
    layout: { ...layout, axis: layout.axis - axes.filter((axis) => axis < layout.axis).length },
  });
}

/** A constant as the items see it: what it has at the batch must be 1. */
function itemConstant(move: Move, index: number, layout: BatchLayout, rank: number): string {
  const name = move.node.inputs[index]!;
  const { type, shape, data } = move.constant(index)!;
  const at = layout.axis - (rank - shape.length);
  if (at < 0) return name;
  if (shape[at] !== 1) move.refuse(`a constant ${showShape(shape)} that differs from item to item`);
  const ones = new Array<number>(layout.before + layout.after).fill(1);
  return move.add(data, [...shape.slice(0, at), ...ones, ...shape.slice(at + 1)], type);
}

/** Number by number, with broadcasting; a value of fewer dimensions gets those that lie before the batch. */
function Elementwise(move: Move): MovedNodes {
  const { layout, rank } = move.commonLayout();
  const spread: OnnxNode[] = [];
  const inputs = move.node.inputs.map((name, index) => {
    if (name === '' || move.state.unbatched.has(name)) return name;
    if (move.constant(index) !== undefined) return itemConstant(move, index, layout, rank);
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
  const { layout, rank } = move.commonLayout();
  const ranks = [0, 1].map((index) => move.constant(index)?.shape.length);
  const [first, second] = ranks;
  if (second !== undefined && second > 2 && layout.axis === rank - 2) return rowsTimesMatrices(move, layout);
  const isMatrixAlone = first === undefined && second === 2;
  if (layout.axis >= (isMatrixAlone ? rank - 1 : rank - 2) || ranks.some((length) => length !== undefined && length < 2))
    move.refuse('a product along the batch');
  const inputs = move.node.inputs.map((name, index) =>
    (ranks[index] ?? 2) === 2 ? name : itemConstant(move, index, layout, rank),
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
const alongAxis =
  (fallback: number) =>
  (move: Move): MovedNodes => {
    const { layout } = move.commonLayout();
    return { nodes: [move.with(move.node.inputs, { axis: move.axis(move.number('axis', fallback)) })], layout };
  };

/** Computed indices, which have the batch where the data has it. */
function GatherElements(move: Move): MovedNodes {
  if (move.constant(0) !== undefined || move.constant(1) !== undefined) move.refuse('a constant to choose from or by');
  return alongAxis(0)(move);
}

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

function Slice(move: Move): MovedNodes {
  const starts = move.list('starts', 1) ?? [];
  const axes = (move.list('axes', 3) ?? starts.map((_, d) => d)).map((axis) => move.axis(axis));
  const [x, from, to, , steps] = move.node.inputs;
  const inputs = [x!, from!, to!, move.add(axes), ...(steps === undefined ? [] : [steps])];
  return { nodes: [move.with(inputs)], layout: move.layoutOf(0) };
}

/** Pads at the batch must be 0. */
function Pad(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const rank = rankOf(layout, item);
  const pads = move.list('pads', 1) ?? [];
  const given = (move.list('axes', 3) ?? Array.from({ length: rank }, (_, d) => d)).map((axis) => axisOf(axis, rank, move.node));
  const isKept = (index: number): boolean => given[index] === layout.axis && !pads[index] && !pads[index + given.length];
  const kept = [...given.keys()].filter((index) => !isKept(index));
  const [x, , value] = move.node.inputs;
  const ends = [...kept, ...kept.map((index) => index + given.length)].map((index) => pads[index] ?? 0);
  const axes = kept.map((index) => move.axis(given[index]!));
  return { nodes: [move.with([x!, move.add(ends), value ?? '', move.add(axes)])], layout };
} // biome-ignore format: long lines

/** A target whose batch stays as it is, or that leaves it out. */
function Expand(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const target = move.constant(1) ?? move.refuse('a computed shape');
  const shape = onnxShape(layout, item);
  const wanted = [...new Array<number>(Math.max(0, shape.length - target.data.length)).fill(1), ...target.data];
  const batch = wanted[layout.axis];
  const isKept = batch === 1 || batch === shape[layout.axis] || batch === (shape[layout.axis]! / batchEntry) * (move.state.fixedBatch ?? Number.NaN); // biome-ignore format: one condition
  if (wanted.length !== shape.length || !isKept) move.refuse(`an expansion to ${showShape(wanted)}`);
  const sizes = groupsOf(layout, item).flatMap((group, axis) => (axis === layout.axis ? group.map((d) => item[d]!) : [wanted[axis]!])); // biome-ignore format: one expression
  return { nodes: [move.with([move.node.inputs[0]!, move.add([1, ...sizes])])], layout };
}

const rewrites: Readonly<Record<string, Rewrite>> = {
  Transpose, Reshape, Expand, Unsqueeze, Squeeze, MatMul, LayerNormalization, RMSNormalization: LayerNormalization, Gather, GatherElements, Slice, Pad,
  Softmax: alongAxis(-1), LogSoftmax: alongAxis(-1), Split: alongAxis(0), Concat: alongAxis(0), ArgMax: Argument, ArgMin: Argument,
  ...quantisedRewrites,
  ...indexRewrites,
  ...layerRewrites,
  ...windowRewrites,
  ...Object.fromEntries(['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSum', 'LogSumExp'].map((name) => [`Reduce${name}`, Reduce])),
  ...Object.fromEntries(
    [
      'Abs', 'Add', 'And', 'Cast', 'Ceil', 'Celu', 'Clip', 'Cos', 'Div', 'Dropout', 'Elu', 'Equal', 'Erf', 'Exp', 'Floor', 'Gelu', 'Greater',
      'GreaterOrEqual', 'HardSigmoid', 'HardSwish', 'Identity', 'IsNaN', 'LeakyRelu', 'Less', 'LessOrEqual', 'Log', 'Max', 'Mean', 'Min',
      'Mish', 'Mul', 'Neg', 'Not', 'Or', 'PRelu', 'Pow', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Softplus', 'Softsign',
      'Sqrt', 'Sub', 'Sum', 'Swish', 'Tanh', 'Where', 'Xor',
    ].map((name) => [name, Elementwise]),
  ),
}; // biome-ignore format: a table

/** Whether a node on a value with the batch first moves it or merges it. */
function movesBatch(state: ImportState, node: OnnxNode): boolean {
  if (choosesByItem(state, node)) return true;
  if (node.op === 'Flatten') return flattensBatch(node, state.shapeOf(node.inputs[0]!, node).length + 1);
  const perm = node.op === 'Transpose' ? node.attributes.get('perm') : undefined;
  if (node.op === 'Transpose') return perm?.kind === 'numbers' && perm.value[0] !== 0;
  if (node.op === 'Unsqueeze') {
    const axes = new Move(state, node).list('axes', 1) ?? [];
    const rank = state.shapeOf(node.inputs[0]!, node).length + 1 + axes.length;
    return axes.includes(0) || axes.includes(-rank);
  }
  const target = node.op === 'Reshape' ? state.constantOf(node.inputs[1] ?? '') : undefined;
  if (target === undefined || target.data.length === 0) return false;
  const item = state.shapeOf(node.inputs[0]!, node);
  const found = reshaped({ item, layout: usual }, [...target.data], state.fixedBatch);
  return found !== undefined && !isUsual(found.layout) && !keepsItems(target.data, item, state.fixedBatch);
}

/** A first entry that stands for the batch alone, the rest being the item: the usual reshape. A batch left open is no 1. */
function keepsItems(target: Constant['data'], item: readonly number[], fixedBatch: number | undefined): boolean {
  const [first, ...rest] = target;
  const shape = rest.map((entry, d) => (entry === 0 ? (item[d] ?? 0) : entry));
  const known = sizeOf(shape.filter((entry) => entry !== -1));
  const fits = shape.includes(-1) ? first !== -1 && Number.isInteger(sizeOf(item) / known) : known === sizeOf(item);
  const isOne = first === 1 && (fixedBatch === 1 || !shape.includes(-1));
  return fits && (first === 0 || first === -1 || isOne || first === fixedBatch);
}

/** The node as nodes on items, or undefined where the batch is first and stays so. */
export function moveBatch(state: ImportState, node: OnnxNode): MovedNodes | undefined {
  if (state.isOneItem) return withoutBatch(new Move(state, node));
  const isMoved = node.inputs.some((name) => state.layouts.has(name));
  if (!isMoved && !movesBatch(state, node)) return undefined;
  const move = new Move(state, node);
  const rewrite = Object.hasOwn(rewrites, node.op) ? rewrites[node.op] : undefined;
  return rewrite === undefined ? move.refuse('the op') : rewrite(move);
}

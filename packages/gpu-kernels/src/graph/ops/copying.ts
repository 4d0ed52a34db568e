/** Slice and Expand: numbers read through strides. A copy of a copy reads what the first one read. */
import type { GraphNode, Tensor } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { sliceBounds } from '../axes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import { type Form, type GraphValue, type PlanBuilder, toChannelsLast } from '../plan-builder.ts';
import { broadcastShape, broadcastStrides, permuteList, rowMajorStrides, sameShape, showShape } from '../shapes.ts';

/** Which numbers of a dimension are read: `begin`, then on by `step` (0 repeats), `count` times. */
export interface Walk {
  readonly begin: number;
  readonly step: number;
  readonly count: number;
}

/** Walks the dimensions of value `x`, given in the order that it lies in. */
export function addWalk(builder: PlanBuilder, name: string, x: number, walks: readonly Walk[]): number {
  const shape = builder.values[x]!.shape;
  const counts = walks.map(({ count }) => count);
  if (walks.every(({ begin, step, count }, d) => begin === 0 && step === 1 && count === shape[d]))
    return builder.reshape(x, shape, name);
  const source = builder.writerOf(x);
  const from = source?.op === 'copy' ? source : { x, offset: 0, strides: rowMajorStrides(shape) };
  return builder.addStep(
    {
      op: 'copy',
      name,
      ...(from.x === undefined ? { xWeight: (from as { xWeight: string }).xWeight } : { x: from.x }),
      offset: walks.reduce((sum, { begin }, d) => sum + begin * from.strides[d]!, from.offset),
      strides: walks.map(({ step }, d) => step * from.strides[d]!),
    },
    counts,
  );
}

/** Walks given in ONNX order, in the form that the value has. */
function walkValue(builder: PlanBuilder, node: GraphNode, x: GraphValue, walks: readonly Walk[]): GraphValue['forms'] {
  const { form, id } = builder.existing(x);
  const ordered = form === 'plain' ? walks : permuteList(walks, toChannelsLast);
  return { [form]: addWalk(builder, node.name, id, ordered) } as { [F in Form]?: number };
}

/** A constant of the item's shape as a value that every item has. */
function constantValue(builder: PlanBuilder, name: string, tensor: Tensor, shape: readonly number[]): GraphValue {
  const xWeight = builder.addWeight(name, tensor);
  const strides = broadcastStrides(tensor.shape, shape);
  const plain = builder.addStep({ op: 'copy', name, xWeight, offset: 0, strides }, shape);
  return { shape, forms: { plain }, singleReader: false };
}

const listOf = (tensor: Tensor | undefined, fallback: readonly number[]): readonly number[] =>
  tensor === undefined ? fallback : [...tensor.data];

export function Slice(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  const x = builder.value(node, 0);
  const starts = [...builder.constant(node, 1).data];
  const ends = [...builder.constant(node, 2).data];
  const axes = listOf(
    builder.optionalConstant(node, 3),
    starts.map((_, d) => d),
  );
  const steps = listOf(
    builder.optionalConstant(node, 4),
    starts.map(() => 1),
  );
  // The batch has any size, here 1: a slice of it is refused whatever it is.
  const [, ...walks] = sliceBounds([1, ...x.shape], starts, ends, axes, steps, node);
  if (axes.some((axis) => axis === 0 || axis === -x.shape.length - 1)) throw opUnsupported(node, 'a slice of the batch');
  if (walks.some(({ count }) => count === 0)) throw opUnsupported(node, 'a slice that holds nothing');
  const shape = walks.map(({ count }) => count);
  builder.define(node.outputs[0]!, shape, walkValue(builder, node, x, walks));
}

/** The target may spell the batch as 1 or leave it out. A constant is given to every item. */
export function Expand(builder: PlanBuilder, node: GraphNode): void {
  new Attributes(node).finish();
  const target = [...builder.constant(node, 1).data];
  const constant = builder.constants.get(node.inputs[0] ?? '');
  const rank = constant === undefined ? builder.value(node, 0).shape.length : target.length - 1;
  if (target.length > rank + 1 || (target.length === rank + 1 && target[0] !== 1))
    throw opUnsupported(node, `shape ${showShape(target)} would change the batch`);
  const from = constant === undefined ? builder.value(node, 0).shape : constantItem(node, constant, rank);
  const wanted = [...new Array<number>(rank).fill(1), ...target.slice(-rank)].slice(-rank);
  const shape = rank === 0 ? [] : broadcastShape(from, wanted);
  if (shape === undefined) throw graphInvalid(node, `${showShape(from)} cannot be expanded to ${showShape(wanted)}.`);
  if (constant !== undefined) {
    const value = constantValue(builder, `${node.name}.constant`, { shape: from, data: constant.data }, shape);
    builder.define(node.outputs[0]!, shape, value.forms);
    return;
  }
  const walks = shape.map((count, d) => ({ begin: 0, step: from[d] === count ? 1 : 0, count }));
  builder.define(node.outputs[0]!, shape, walkValue(builder, node, builder.value(node, 0), walks));
}

/** A constant's shape as one item's, of `rank` dimensions: its leading dimension, if it has one more, stands for the batch. */
export function constantItem(node: GraphNode, { shape }: Tensor, rank: number): readonly number[] {
  if (shape.length > rank + 1 || (shape.length === rank + 1 && shape[0] !== 1))
    throw opUnsupported(node, `constant ${showShape(shape)} would change the batch`);
  const item = shape.length === rank + 1 ? shape.slice(1) : shape;
  return [...new Array<number>(rank - item.length).fill(1), ...item];
}

/** The value that a node reads as input `index`; a constant becomes one of `rank` dimensions without batch. */
export function activationOf(builder: PlanBuilder, node: GraphNode, index: number, rank: number): GraphValue {
  const constant = builder.constants.get(node.inputs[index] ?? '');
  if (constant === undefined) return builder.value(node, index);
  const shape = constantItem(node, constant, rank);
  return constantValue(builder, `${node.name}.input${index}`, { shape, data: constant.data }, shape);
}

export const isSameItem = (a: readonly number[], b: readonly number[], except: number): boolean =>
  sameShape(
    a.filter((_, d) => d !== except),
    b.filter((_, d) => d !== except),
  );

/** Transposes, reshapes, slices, pads and the like of a value whose batch moved: the same of its items. */
import { axisOf } from '../../graph/axes.ts';
import { opUnsupported } from '../../graph/graph-errors.ts';
import { showShape } from '../../graph/shapes.ts';
import { batchEntry, dependsOnBatch, showOpenShape } from '../constant.ts';
import { graphAttributes } from '../node-call.ts';
import { Chain } from './chain.ts';
import { groupsOf, itemAxis, type Moved, onnxShape, rankOf, reshaped } from './layout.ts';
import type { Move, MovedNodes, Rewrite } from './move.ts';

/** No network has so many items or windows. */
const farOut = 2 ** 30;

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
    move.refuse(`a reshape of items ${showShape(move.shape(0))} to ${showOpenShape([...(target?.data ?? [])])}`);
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
  const given = move.list('axes', 1)?.map((axis) => axisOf(axis, rank, move.node));
  // Without axes it takes away whatever is 1, of which the batch of a file for one item is one.
  if (given === undefined ? move.state.fixedBatch === 1 : given.includes(layout.axis)) move.refuse('removal of the batch');
  const units = groupsOf(layout, item).flatMap((group, axis) =>
    axis !== layout.axis && item[group[0]!] === 1 ? [axis] : [],
  );
  const axes = given ?? units;
  const removed = axes.map((axis) => itemAxis(layout, axis)!);
  if (removed.some((d) => item[d] !== 1)) move.refuse(`removal of dimensions ${showShape(axes)}`);
  const kept = item.filter((_, d) => !removed.includes(d));
  return toItems(move, {
    item: kept,
    layout: { ...layout, axis: layout.axis - axes.filter((axis) => axis < layout.axis).length },
  });
}

/** What a number at the batch counts in whole batches, of which the value has `length`; undefined where it is no such number. */
function batchesOf(value: number | undefined, length: number, fixedBatch: number | undefined): number | undefined {
  if (value === undefined || value >= farOut) return value && length;
  const whole = value === 0 ? 0 : value / (dependsOnBatch(value) ? batchEntry : (fixedBatch ?? Number.NaN));
  const from = whole < 0 ? whole + length : whole;
  return Number.isInteger(from) && from >= 0 && from <= length ? from : undefined;
}

/** Some of the batches that a Concat put behind each other: undefined for any other slice. */
function sliceOfBatches(move: Move): MovedNodes | undefined {
  const { item, layout } = move.moved;
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((index) => move.constant(index)?.data);
  const isBatch = (axes?.[0] ?? 0) === 0 && layout.axis === 0 && layout.before === 1 && layout.after === 0;
  if (!isBatch || starts?.length !== 1 || (steps?.[0] ?? 1) !== 1) return undefined;
  const [from, to] = [starts[0], ends?.[0]].map((value) => batchesOf(value, item[0]!, move.state.fixedBatch));
  if (from === undefined || to === undefined || to <= from || to - from === item[0]) return undefined;
  const chain = new Chain(move);
  const bounds = [from, to, 1].map((value) => move.add([value]));
  const part = chain.add('Slice', [move.node.inputs[0]!, ...bounds]);
  if (to - from > 1) return { nodes: chain.end('Identity', [part]), layout };
  return { nodes: chain.end('Reshape', [part, move.add([0, ...item.slice(1)])]), layout: { ...layout, before: 0 } };
}

/** Of the batch all is taken, which an exporter writes for `x[:]` where nothing optimises its file. */
function Slice(move: Move): MovedNodes {
  const { item, layout } = move.moved;
  const batches = sliceOfBatches(move);
  if (batches !== undefined) return batches;
  const starts = move.list('starts', 1) ?? [];
  const ends = move.constant(2)?.data ?? move.refuse('a computed end');
  const steps = move.list('steps', 4) ?? starts.map(() => 1);
  const axes = (move.list('axes', 3) ?? starts.map((_, d) => d)).map((axis) => axisOf(axis, rankOf(layout, item), move.node));
  const isAll = (index: number): boolean => starts[index] === 0 && steps[index] === 1 && (ends[index]! >= farOut || ends[index] === onnxShape(layout, item)[layout.axis]);
  const kept = [...axes.keys()].filter((index) => axes[index] !== layout.axis || !isAll(index));
  const [x] = move.node.inputs;
  if (kept.length === 0) return { nodes: [move.with([x!], {}, 'Identity')], layout };
  const parts = [starts, ends, axes.map((axis, index) => (kept.includes(index) ? move.axis(axis) : axis)), steps];
  return { nodes: [move.with([x!, ...parts.map((part) => move.add(kept.map((index) => part[index]!)))])], layout };
} // biome-ignore format: long lines

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
  if (wanted.length !== shape.length || !isKept) move.refuse(`an expansion to ${showOpenShape(wanted)}`);
  const sizes = groupsOf(layout, item).flatMap((group, axis) => (axis === layout.axis ? group.map((d) => item[d]!) : [wanted[axis]!])); // biome-ignore format: one expression
  return { nodes: [move.with([move.node.inputs[0]!, move.add([1, ...sizes])])], layout };
}

export const shapeRewrites: Readonly<Record<string, Rewrite>> = {
  Expand,
  Pad,
  Reshape,
  Slice,
  Squeeze,
  Transpose,
  Unsqueeze,
};

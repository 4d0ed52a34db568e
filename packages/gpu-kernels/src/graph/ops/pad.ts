/** Pad: constant by `pad` steps, reflect, edge and wrap by indices. Negative pads crop. */
import type { GraphNode } from '@diptych/plugin-kit';
import { Attributes } from '../attributes.ts';
import { graphInvalid, opUnsupported } from '../graph-errors.ts';
import type { GraphValue, PlanBuilder } from '../plan-builder.ts';
import { showShape, sizeOf } from '../shapes.ts';
import { dimensionIn, resampled, type Taps } from './resample.ts';

const modulo = (value: number, by: number): number => ((value % by) + by) % by;

/** Coordinate before the pad → the one that is read, as numpy.pad does it; what is cropped is gone before. */
const modes: Readonly<Record<string, (at: number, size: number) => number>> = {
  edge: (at, size) => Math.min(size - 1, Math.max(0, at)),
  wrap: modulo,
  reflect: (at, size) => {
    if (size === 1) return 0;
    const folded = modulo(at, 2 * (size - 1));
    return folded < size ? folded : 2 * (size - 1) - folded;
  },
};

interface Pads {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

function readPads(builder: PlanBuilder, node: GraphNode, attributes: Attributes, rank: number): Pads {
  const list = attributes.has('pads') ? attributes.numbers('pads', []) : [...builder.constant(node, 1).data];
  if (list.length !== 2 * rank || !list.every(Number.isInteger))
    throw graphInvalid(node, `pads must be ${2 * rank} integers, got ${showShape(list)}.`);
  if (list[0] !== 0 || list[rank] !== 0) throw opUnsupported(node, 'padding of the batch');
  return { before: list.slice(1, rank), after: list.slice(rank + 1) };
}

/** One `pad` step for height and width of an image, else one a dimension, on the value as `[outer, size, inner]`. */
function padConstant(builder: PlanBuilder, node: GraphNode, x: GraphValue, pads: Pads, value: number): GraphValue {
  const shape = x.shape.map((size, d) => size + pads.before[d]! + pads.after[d]!);
  const padded = shape.flatMap((_, d) => (pads.before[d] === 0 && pads.after[d] === 0 ? [] : [d]));
  if (x.shape.length === 3 && !padded.includes(0) && padded.length > 0) {
    const [, top, left] = pads.before as [number, number, number];
    const [, bottom, right] = pads.after as [number, number, number];
    const source = builder.channelsLast(x, node.name);
    const id = builder.addStep({ op: 'pad', name: node.name, x: source, pads: [top, left, bottom, right], value }, [
      ...shape.slice(1),
      shape[0]!,
    ]);
    return { shape, forms: { channelsLast: id }, singleReader: true };
  }
  const { form, id: source } = builder.existing(x);
  let id = builder.reshape(source, builder.values[source]!.shape, node.name);
  let current = builder.values[source]!.shape;
  for (const axis of padded) {
    const dimension = dimensionIn(form, axis);
    const [outer, inner] = [sizeOf(current.slice(0, dimension)), sizeOf(current.slice(dimension + 1))];
    const [before, after] = [pads.before[axis]!, pads.after[axis]!];
    const from = builder.reshape(id, [outer, current[dimension]!, inner], node.name);
    const to = builder.addStep({ op: 'pad', name: node.name, x: from, pads: [0, before, 0, after], value }, [
      outer,
      current[dimension]! + before + after,
      inner,
    ]);
    current = current.map((size, d) => (d === dimension ? size + before + after : size));
    id = builder.reshape(to, current, node.name);
  }
  return { shape, forms: { [form]: id }, singleReader: true };
}

function padByIndex(
  builder: PlanBuilder,
  node: GraphNode,
  x: GraphValue,
  pads: Pads,
  read: (at: number, size: number) => number,
): GraphValue {
  const taps = x.shape.map((size, d): Taps => {
    const [before, after] = [pads.before[d]!, pads.after[d]!];
    const [from, kept] = [Math.max(0, -before), size - Math.max(0, -before) - Math.max(0, -after)];
    const indices = Array.from({ length: size + before + after }, (_, at) => [from + read(at - before - from, kept)]);
    return { indices, factors: indices.map(() => [1]) };
  });
  return resampled(builder, node, x, new Map(taps.entries()));
}

export function Pad(builder: PlanBuilder, node: GraphNode): void {
  const attributes = new Attributes(node);
  const mode = attributes.string('mode', 'constant');
  const x = builder.value(node, 0);
  const pads = readPads(builder, node, attributes, x.shape.length + 1);
  const value = builder.optionalConstant(node, 2)?.data[0] ?? attributes.number('value', 0);
  // Plans are JSON, which has no infinity.
  if (!Number.isFinite(value)) throw opUnsupported(node, `padding with ${value}`);
  attributes.finish();
  if ((node.inputs[3] ?? '') !== '') throw opUnsupported(node, 'input axes');
  const read = modes[mode];
  if (read === undefined && mode !== 'constant') throw opUnsupported(node, `attribute mode = "${mode}"`);
  const isGone = (size: number, d: number): boolean =>
    size + pads.before[d]! + pads.after[d]! < 1 || (read !== undefined && size + Math.min(0, pads.before[d]!) + Math.min(0, pads.after[d]!) < 1); // biome-ignore format: one condition
  if (x.shape.some(isGone))
    throw graphInvalid(node, `pads ${showShape([...pads.before, ...pads.after])} leave nothing of ${showShape(x.shape)}.`);
  const { shape, forms } =
    read === undefined ? padConstant(builder, node, x, pads, value) : padByIndex(builder, node, x, pads, read);
  builder.define(node.outputs[0]!, shape, forms);
}

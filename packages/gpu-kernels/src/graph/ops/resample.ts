/** `resample` steps along dimensions of a value, in whichever form it exists: what Resize and Pad have in common. */
import type { GraphNode } from '@diptych/plugin-kit';
import type { PlanBuilder } from '../plan-builder.ts';
import { type Form, type GraphValue, toChannelsLast } from '../plan-builder.ts';

/** For each output coordinate of one dimension, where it reads and how much of it. All rows have the same length. */
export interface Taps {
  readonly indices: readonly (readonly number[])[];
  readonly factors: readonly (readonly number[])[];
}

/** Dimension `axis` of the ONNX shape without batch, in a form. */
export const dimensionIn = (form: Form, axis: number): number =>
  form === 'plain' ? axis : toChannelsLast.indexOf(axis as 0 | 1 | 2);

const isIdentity = ({ indices, factors }: Taps, size: number): boolean =>
  indices.length === size && indices.every((row, o) => row.length === 1 && row[0] === o && factors[o]![0] === 1);

/** `taps` by dimension of the ONNX shape without batch. Dimensions that shrink come first: later ones then cost less. */
export function resampled(
  builder: PlanBuilder,
  node: GraphNode,
  x: GraphValue,
  taps: ReadonlyMap<number, Taps>,
): GraphValue {
  const { form, id: source } = builder.existing(x);
  const shape = [...x.shape];
  const growth = ([axis, { indices }]: [number, Taps]): number => indices.length / x.shape[axis]!;
  let id = source;
  for (const [axis, given] of [...taps].toSorted((a, b) => growth(a) - growth(b))) {
    if (isIdentity(given, shape[axis]!)) continue;
    shape[axis] = given.indices.length;
    const dimension = dimensionIn(form, axis);
    const weight = (name: string, rows: readonly (readonly number[])[]): string =>
      builder.addWeight(`${node.name}.${name}${axis}`, {
        shape: [rows.length, rows[0]!.length],
        data: Float32Array.from(rows.flat()),
      });
    const indicesWeight = weight('indices', given.indices);
    const factorsWeight = weight('factors', given.factors);
    const to = builder.values[id]!.shape.map((size, d) => (d === dimension ? given.indices.length : size));
    id = builder.addStep({ op: 'resample', name: node.name, x: id, dimension, indicesWeight, factorsWeight }, to);
  }
  // Without any step, still a value of its own: a fusion into the producer must not change what others read.
  if (id === source) id = builder.reshape(source, builder.values[source]!.shape, node.name);
  return { shape, forms: { [form]: id }, singleReader: true };
}

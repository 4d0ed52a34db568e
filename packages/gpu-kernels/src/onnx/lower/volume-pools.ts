/** Pools of volumes: over height and width, and what that gives over the depth. Largest numbers, sums and means come apart so. */
import type { GraphAttribute } from '@diptych/plugin-kit';
import { opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { LowerCall } from './lower-call.ts';
import { reshape } from './volumes.ts';

type Attributes = Readonly<Record<string, GraphAttribute>>;

/** Entries of dimensions `axes` of the three, with 1 or 0 for a dimension that has no window. */
function ofAxes(given: Attributes, axes: readonly (number | undefined)[]): Record<string, GraphAttribute> {
  const { pads, ...attributes } = given as Record<string, GraphAttribute>;
  for (const name of ['kernel_shape', 'strides', 'dilations']) {
    const list = attributes[name];
    if (Array.isArray(list)) attributes[name] = axes.map((axis) => (axis === undefined ? 1 : (list as number[])[axis]!));
  }
  if (!Array.isArray(pads)) return pads === undefined ? attributes : { ...attributes, pads };
  const sides = [0, 3].flatMap((side) => axes.map((axis) => (axis === undefined ? 0 : (pads as number[])[axis + side]!)));
  return { ...attributes, pads: sides };
}

export function poolVolume(call: LowerCall, op: string, x: string, given: Attributes): string {
  for (const [name, length] of [['kernel_shape', 3], ['strides', 3], ['dilations', 3], ['pads', 6]] as const) {
    const list = given[name];
    if (list !== undefined && (!Array.isArray(list) || list.length !== length))
      throw opUnsupported(call.node, `attribute ${name} that has not ${length} entries`);
  } // biome-ignore format: one loop
  const [channels, depth, height, width] = call.state.shapeOf(x, call.node) as [number, number, number, number];
  const planes = reshape(call, x, channels * depth, height, width);
  const pooled = call.add(op, [planes], ofAxes(given, [1, 2]));
  const [, ...plane] = call.state.shapeOf(pooled, call.node);
  const columns = call.add(op, [reshape(call, pooled, channels, depth, sizeOf(plane))], ofAxes(given, [0, undefined]));
  const [, slices] = call.state.shapeOf(columns, call.node);
  return reshape(call, columns, channels, slices!, ...plane);
}

/** Resize of a constant: tables of positions that a network brings to the size of its images. In doubles, rounded once a dimension. */
import type { GraphNode } from '@diptych/plugin-kit';
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import type { Taps } from '../../graph/ops/resample.ts';
import { resizeTaps } from '../../graph/ops/resize.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { allocate, type Constant, isFloat } from '../constant.ts';
import { type FoldCall, graphAttributes } from '../node-call.ts';

/** Along one dimension, as the step `resample` does. */
function resampled(call: FoldCall, x: Constant, dimension: number, { indices, factors }: Taps): Constant {
  const shape = x.shape.map((size, d) => (d === dimension ? indices.length : size));
  const [inner, from] = [sizeOf(shape.slice(dimension + 1)), x.shape[dimension]!];
  const data = allocate(x.type, shape, call.place);
  call.spend(data.length * indices[0]!.length);
  for (let at = 0; at < data.length; at++) {
    const [outer, o] = [Math.floor(at / inner / indices.length), Math.floor(at / inner) % indices.length];
    let sum = 0;
    for (const [tap, index] of indices[o]!.entries())
      sum += factors[o]![tap]! * x.data[(outer * from + index) * inner + (at % inner)]!;
    data[at] = sum;
  }
  return { type: x.type, shape, data };
}

export function Resize(call: FoldCall): Constant[] {
  const x = call.input(0);
  if (!isFloat(x.type)) throw opUnsupported(call.node, `${x.type} numbers of a constant`);
  const { axes: given, keep_aspect_ratio_policy: policy = 'stretch', ...attributes } = graphAttributes(call.node);
  if (policy !== 'stretch') throw opUnsupported(call.node, `attribute keep_aspect_ratio_policy = ${JSON.stringify(policy)}`);
  if (attributes['coordinate_transformation_mode'] === 'tf_crop_and_resize') throw opUnsupported(call.node, 'a region of a constant'); // biome-ignore format: one condition
  const [sizes, scales] = [call.optional(3), call.optional(2)];
  const isBySize = sizes !== undefined && sizes.data.length > 0;
  const some = [...((isBySize ? sizes : scales)?.data ?? [])];
  const axes = (Array.isArray(given) ? (given as number[]) : [...x.shape.keys()]).map((axis) => axisOf(axis, x.shape.length, call.node)); // biome-ignore format: one expression
  if (some.length !== axes.length) throw graphInvalid(call.node, `scales or sizes must have ${axes.length} entries, got ${some.length}.`); // biome-ignore format: one condition
  const list = [1, ...x.shape.map((size) => (isBySize ? size : 1))];
  for (const [index, axis] of axes.entries()) list[axis + 1] = some[index]!;
  const { name, op, inputs, outputs } = call.node;
  const node: GraphNode = { name, op, inputs, outputs, attributes };
  const { taps } = resizeTaps(node, x.shape, { list, isBySize });
  return [[...taps].reduce((value, [dimension, tap]) => resampled(call, value, dimension, tap), x)];
}

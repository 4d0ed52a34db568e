/** Rules of ONNX for axes and slices. */
import { graphInvalid, type NodePlace } from './graph-errors.ts';

/** A dimension counted from the end, made absolute. */
export function axisOf(axis: number, rank: number, node: NodePlace): number {
  const absolute = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(absolute) || absolute < 0 || absolute >= rank)
    throw graphInvalid(node, `axis ${axis} does not exist in rank ${rank}.`);
  return absolute;
}

/** Begin, step and count of each dimension, by the rules of NumPy slices. */
export function sliceBounds(
  shape: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[],
  steps: readonly number[],
  node: NodePlace,
): { begin: number; step: number; count: number }[] {
  const bounds = shape.map((count) => ({ begin: 0, step: 1, count }));
  if (
    ends.length !== starts.length ||
    axes.length !== starts.length ||
    steps.length !== starts.length ||
    steps.includes(0)
  ) {
    throw graphInvalid(node, 'starts, ends, axes and steps must have the same length, and steps must not be 0.');
  }
  for (const [index, axis] of axes.entries()) {
    const d = axisOf(axis, shape.length, node);
    const [size, step] = [shape[d]!, steps[index]!];
    const low = step < 0 ? -1 : 0;
    const high = step < 0 ? size - 1 : size;
    const clamp = (at: number): number => Math.min(high, Math.max(low, at < 0 ? at + size : at));
    const begin = clamp(starts[index]!);
    const end = step < 0 && ends[index]! < -size ? -1 : clamp(ends[index]!);
    bounds[d] = { begin, step, count: Math.max(0, Math.ceil((end - begin) / step)) };
  }
  return bounds;
}

/** What a Reshape to constant sizes gives, where no batch is among them. */
import { graphInvalid } from '../graph/graph-errors.ts';
import { showShape, sizeOf } from '../graph/shapes.ts';
import type { OnnxNode } from './onnx-model.ts';

/** `wanted` of ONNX, with at most one −1, and 0 for the size given there unless `keepsZero`. Throws GRAPH_INVALID. */
export function reshapedSizes(
  node: OnnxNode,
  shape: readonly number[],
  wanted: readonly number[],
  keepsZero: boolean,
): readonly number[] {
  const asked = wanted.map((size, d) => (size === 0 && !keepsZero ? (shape[d] ?? 0) : size));
  const known = sizeOf(asked.filter((size) => size !== -1));
  const sizes = asked.map((size) => (size === -1 ? sizeOf(shape) / known : size));
  if (sizeOf(sizes) !== sizeOf(shape) || !sizes.every((size) => Number.isInteger(size) && size > 0))
    throw graphInvalid(node, `${showShape(shape)} cannot become ${showShape(asked)}.`);
  return sizes;
}

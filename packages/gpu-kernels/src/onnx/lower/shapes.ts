/** Reshape, Squeeze, Unsqueeze, Pad, Resize, reductions: ops whose shapes exporters compute. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { rowMajorStrides, showShape, sizeOf } from '../../graph/shapes.ts';
import { dependsOnBatch, isBatch } from '../constant.ts';
import { unsqueezedShape } from '../fold/movement.ts';
import { asGroupNormalization } from './group-norm.ts';
import type { LowerCall } from './lower-call.ts';

/** A Reshape that keeps the batch first and gives each item `shape`. */
function reshapeItems(call: LowerCall, shape: readonly number[]): void {
  call.finish('Reshape', [call.input(0), call.number(0, ...shape)]);
}

/** The first entry stands for the batch if it is 0, −1, computed from it, or the batch that the file was exported for. */
export function Reshape(call: LowerCall): void {
  const keepsZero = call.attributes.number('allowzero', 0) !== 0;
  call.attributes.finish();
  const target = call.constant(1);
  if (target === undefined) throw graphInvalid(call.node, 'input 1 is missing.');
  const [first = 1, ...rest] = target.data;
  if (rest.some(dependsOnBatch)) throw opUnsupported(call.node, 'the number of items as another dimension than the first');
  if (keepsZero && [first, ...rest].includes(0)) throw opUnsupported(call.node, 'a dimension of size 0');
  const keepsBatch = isBatch(first) || first === call.state.fixedBatch;
  if (asGroupNormalization(call, rest)) return;
  call.finish('Reshape', [call.input(0), call.tensor([target.data.length], [keepsBatch ? 0 : first, ...rest])]);
}

export function Squeeze(call: LowerCall): void {
  const shape = call.shape(0);
  const given = call.list('axes', 1);
  call.attributes.finish();
  if (given === undefined && call.state.fixedBatch === 1)
    throw opUnsupported(call.node, 'no axes: it would drop the batch of 1');
  const axes = given?.map((axis) => axisOf(axis, shape.length + 1, call.node));
  if (axes?.includes(0)) throw opUnsupported(call.node, 'removal of the batch');
  if (axes?.some((axis) => shape[axis - 1] !== 1))
    throw graphInvalid(call.node, `axes ${showShape(axes)} of ${showShape(shape)} without batch are not all 1.`);
  reshapeItems(
    call,
    shape.filter((size, d) => (axes === undefined ? size !== 1 : !axes.includes(d + 1))),
  );
}

export function Unsqueeze(call: LowerCall): void {
  const shape = call.shape(0);
  const axes = call.list('axes', 1) ?? [];
  call.attributes.finish();
  const rank = shape.length + 1 + axes.length;
  if (axes.some((axis) => axisOf(axis, rank, call.node) === 0))
    throw opUnsupported(call.node, 'a dimension before the batch');
  reshapeItems(call, unsqueezedShape([0, ...shape], axes, call.node).slice(1));
}

/** Pads for all dimensions; those of `axes` alone since opset 18. */
export function Pad(call: LowerCall): void {
  const mode = call.attributes.string('mode', 'constant');
  call.attributes.finish();
  const rank = call.shape(0).length + 1;
  const given = call.integers(1) ?? [];
  const axes = (call.integers(3) ?? Array.from({ length: rank }, (_, d) => d)).map((axis) => axisOf(axis, rank, call.node));
  if (given.length !== 2 * axes.length)
    throw graphInvalid(call.node, `${given.length} pads do not fit ${axes.length} dimensions.`);
  const pads = new Array<number>(2 * rank).fill(0);
  for (const [index, axis] of axes.entries()) {
    pads[axis] = given[index]!;
    pads[axis + rank] = given[index + axes.length]!;
  }
  const value = call.constant(2)?.data[0] ?? 0;
  if (mode === 'constant' && Math.abs(value) === Infinity) {
    padEndlessly(call, pads, value);
    return;
  }
  const inputs = [call.input(0), call.number(...pads), ...(call.has(2) ? [call.input(2)] : [])];
  call.finish('Pad', inputs, { mode });
}

/** −∞, as before a maximum: zeros, and then the smaller of each number and −∞ where it was padded, else ∞. */
function padEndlessly(call: LowerCall, pads: readonly number[], value: number): void {
  const sizes = [1, ...call.shape(0)];
  const rank = sizes.length;
  const sides = sizes.map((size, d) => {
    const [before, after] = [pads[d]!, pads[d + rank]!];
    // Where nothing is added, one bound does for the whole dimension.
    if (before <= 0 && after <= 0) return [false];
    return Array.from({ length: size + before + after }, (_, at) => at < before || at >= size + before);
  });
  const shape = sides.map(({ length }) => length);
  if (!(sizeOf(shape) <= 2 ** 24)) throw graphInvalid(call.node, `${showShape(shape)} numbers would be padded.`);
  const strides = rowMajorStrides(shape);
  const isPadded = (at: number): boolean => sides.some((side, d) => side[Math.floor(at / strides[d]!) % side.length]!);
  const bounds = Float32Array.from({ length: sizeOf(shape) }, (_, at) => (isPadded(at) ? value : -value));
  const padded = call.add('Pad', [call.input(0), call.number(...pads)], { mode: 'constant' });
  call.finish(value < 0 ? 'Min' : 'Max', [padded, call.tensor(shape, bounds)]);
}

/** Axes as an attribute, or since opset 13 or 18 as an input. */
export function Reduce(call: LowerCall): void {
  const axes = call.list('axes', 1);
  const { axes: _, noop_with_empty_axes: __, ...passed } = call.given;
  if (axes !== undefined && axes.length > 0) call.finish(call.node.op, [call.input(0)], { ...passed, axes });
  else if (call.given['noop_with_empty_axes'] === 1) call.finish('Identity', [call.input(0)]);
  else call.finish(call.node.op, [call.input(0)], passed);
}

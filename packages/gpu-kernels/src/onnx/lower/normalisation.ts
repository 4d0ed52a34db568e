/** Normalisations and reductions as means, sums and elementwise ops. Formulas are those of the ONNX operator reference. */

import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { LowerCall } from './lower-call.ts';
import { LpPool, pooled } from './windows.ts';

interface Moments {
  readonly mean: string;
  readonly centred: string;
  /** √(variance + epsilon). */
  readonly deviation: string;
}

/** Over `axes`, in two passes as numerically careful libraries do. */
function momentsOf(call: LowerCall, axes: readonly number[], epsilon: number): Moments {
  const mean = call.add('ReduceMean', [call.input(0)], { axes, keepdims: 1 });
  const centred = call.add('Sub', [call.input(0), mean]);
  const variance = call.add('ReduceMean', [call.add('Mul', [centred, centred])], { axes, keepdims: 1 });
  return { mean, centred, deviation: call.add('Sqrt', [call.add('Add', [variance, call.number(epsilon)])]) };
}

/** One step of the planner, unless the mean or the deviation is read too. */
export function LayerNormalization(call: LowerCall): void {
  if (!call.isRead(1) && !call.isRead(2)) call.finish('LayerNormalization', call.node.inputs, call.given);
  else layerByMoments(call);
}

function layerByMoments(call: LowerCall): void {
  const shape = call.shape(0);
  const axis = axisOf(call.attributes.number('axis', -1), shape.length + 1, call.node);
  const epsilon = call.attributes.number('epsilon', 1e-5);
  call.attributes.require('stash_type', 1);
  call.attributes.finish();
  if (axis === 0) throw opUnsupported(call.node, 'normalisation over the batch');
  const axes = shape.slice(axis - 1).map((_, d) => axis + d);
  const { mean, centred, deviation } = momentsOf(call, axes, epsilon);
  call.also(1, 'Identity', [mean]);
  call.also(2, 'Reciprocal', [deviation]);
  const unit = call.add('Div', [centred, deviation]);
  if (call.constant(1) === undefined) throw graphInvalid(call.node, 'input 1, the scale, is missing.');
  const scaled = [unit, call.input(1)];
  if (call.constant(2) === undefined) call.finish('Mul', scaled);
  else call.finish('Add', [call.add('Mul', scaled), call.input(2)]);
}

const sumOf =
  (prepare: 'Abs' | 'square', finish?: 'Sqrt') =>
  (call: LowerCall): void => {
    const axes = call.list('axes', 1);
    const keepdims = call.attributes.number('keepdims', 1);
    // Without axes the square or the absolute value is left, or not even that: ONNX has said both.
    if (axes === undefined || axes.length === 0) call.attributes.require('noop_with_empty_axes', 0);
    else call.attributes.number('noop_with_empty_axes', 0);
    call.attributes.finish();
    const x = call.input(0);
    const attributes = { keepdims, ...(axes === undefined || axes.length === 0 ? {} : { axes }) };
    const terms = prepare === 'Abs' ? call.add('Abs', [x]) : call.add('Mul', [x, x]);
    if (finish === undefined) call.finish('ReduceSum', [terms], attributes);
    else call.finish(finish, [call.add('ReduceSum', [terms], attributes)]);
  };

export const ReduceL1 = sumOf('Abs');
export const ReduceL2 = sumOf('square', 'Sqrt');
export const ReduceSumSquare = sumOf('square');

/** A window over the whole image. Those over three dimensions and more reduce one after the other. */
const global =
  (op: 'AveragePool' | 'LpPool' | 'MaxPool') =>
  (call: LowerCall): void => {
    const p = op === 'LpPool' ? { p: call.attributes.number('p', 2) } : {};
    call.attributes.finish();
    const [, ...image] = call.shape(0);
    const axes = image.map((_, d) => d + 2);
    if (image.length > 2 && op !== 'LpPool')
      call.finish(op === 'MaxPool' ? 'ReduceMax' : 'ReduceMean', [call.input(0)], { axes, keepdims: 1 }); // biome-ignore format: one condition
    else if (op === 'LpPool') LpPool(call, { kernel_shape: image, ...p });
    else pooled(call, op, { kernel_shape: image });
  };

const averageOfImages = global('AveragePool');

/** Of images a step of its own. */
export function GlobalAveragePool(call: LowerCall): void {
  if (call.shape(0).length === 3) call.finish('GlobalAveragePool', [call.input(0)], call.given);
  else averageOfImages(call);
}

export const GlobalMaxPool = global('MaxPool');
export const GlobalLpPool = global('LpPool');

/** Before opset 13, softmax runs over all dimensions from `axis`, which is 1 if not given; since then over that one. */
export function Softmax(call: LowerCall): void {
  if (call.opset >= 13) {
    call.finish('Softmax', [call.input(0)], call.given);
    return;
  }
  const shape = call.shape(0);
  const axis = axisOf(call.attributes.number('axis', 1), shape.length + 1, call.node);
  call.attributes.finish();
  if (axis === 0) throw opUnsupported(call.node, 'softmax over the batch');
  if (axis === shape.length) {
    call.finish('Softmax', [call.input(0)], { axis: -1 });
    return;
  }
  const flat = call.add('Reshape', [call.input(0), call.number(0, ...shape.slice(0, axis - 1), sizeOf(shape.slice(axis - 1)))]); // biome-ignore format: one call
  call.finish('Reshape', [call.add('Softmax', [flat], { axis: -1 }), call.number(0, ...shape)]);
}

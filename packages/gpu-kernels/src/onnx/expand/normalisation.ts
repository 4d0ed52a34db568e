/** LpNormalization, MeanVarianceNormalization, CenterCropPad and AffineGrid as other ops. Formulas: the operator reference of ONNX. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { isBatch } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import { integersOf } from '../node-call.ts';
import type { OnnxNode } from '../onnx-model.ts';
import type { Expand, Expansion } from './expansion.ts';

/** Axes are an input since opset 13 or 18, depending on the reduction; the older form is read in all of them. */
const reduced = (to: Expansion, op: string, name: string, axes: readonly number[]): string =>
  to.add(op, [name], { axes, keepdims: 1 });

/** Of zeros alone it is 0, as in onnxruntime and in the tests of ONNX 1.23; those before had NaN. */
export function LpNormalization(to: Expansion): void {
  const axis = to.attributes.number('axis', -1);
  const p = to.attributes.number('p', 2);
  to.attributes.finish();
  if (p !== 1 && p !== 2) throw opUnsupported(to.node, `attribute p = ${p}, only 1 and 2 are implemented`);
  const norm = reduced(to, p === 1 ? 'ReduceL1' : 'ReduceL2', to.input(0), [axisOf(axis, to.shape(0).length, to.node)]);
  const isNone = to.add('Equal', [norm, to.number(0)]);
  to.give('Div', [to.input(0), to.add('Where', [isNone, to.number(1), norm])]);
}

export function MeanVarianceNormalization(to: Expansion): void {
  const axes = to.attributes.numbers('axes', [0, 2, 3]);
  to.attributes.finish();
  const centred = to.add('Sub', [to.input(0), reduced(to, 'ReduceMean', to.input(0), axes)]);
  const variance = reduced(to, 'ReduceMean', to.add('Mul', [centred, centred]), axes);
  to.give('Div', [centred, to.add('Add', [to.add('Sqrt', [variance]), to.number(1e-9)])]);
}

/**
 * With the numbers of what it is given, as in training: exporters write the standardised weights of convolutions (BiT) so. Of
 * activations they would be those of the whole batch.
 */
function BatchNormalizationOfItself(to: Expansion): void {
  if (to.constant(0) === undefined) throw opUnsupported(to.node, 'training mode, where an item depends on its batch');
  to.hasOutputs(0);
  const epsilon = to.attributes.number('epsilon', 1e-5);
  const shape = to.shape(0);
  const others = [...shape.keys()].filter((axis) => axis !== 1);
  const spread = (index: number): string => to.reshape(to.input(index), ...shape.map((_, d) => (d === 1 ? -1 : 1)));
  const centred = to.add('Sub', [to.input(0), reduced(to, 'ReduceMean', to.input(0), others)]);
  const variance = reduced(to, 'ReduceMean', to.add('Mul', [centred, centred]), others);
  const normal = to.add('Div', [centred, to.add('Sqrt', [to.add('Add', [variance, to.number(epsilon)])])]);
  to.give('Add', [to.add('Mul', [normal, spread(1)]), spread(2)]);
}

/**
 * With numbers that are computed, or for channels of which the batch is a part: torch lays InstanceNorm with statistics of its
 * training out so, with tables repeated for every item. A factor and a summand for each channel.
 */
function BatchNormalizationOfValues(to: Expansion): void {
  to.hasOutputs(0);
  to.attributes.number('momentum', 0.9); // of training only
  to.attributes.require('training_mode', 0);
  to.attributes.require('spatial', 1);
  const epsilon = to.attributes.number('epsilon', 1e-5);
  to.attributes.finish();
  const [x, scale, shift, mean, variance] = [0, 1, 2, 3, 4].map((index) => to.input(index)) as [string, string, string, string, string]; // biome-ignore format: one list
  const factor = to.add('Div', [scale, to.add('Sqrt', [to.add('Add', [variance, to.number(epsilon)])])]);
  const offset = to.add('Sub', [shift, to.add('Mul', [mean, factor])]);
  const inner = to.shape(0).slice(2).map(() => 1); // biome-ignore format: one line
  const [byChannel, added] = [factor, offset].map((name) => to.reshape(name, -1, ...inner)) as [string, string];
  to.give('Add', [to.add('Mul', [x, byChannel]), added]);
}

/** How the node is written as others, if its numbers are not constants with one for each channel of an item. */
export function batchNormalizationForm(state: ImportState, node: OnnxNode): Expand | undefined {
  if (node.attributes.get('training_mode')?.value === 1) return BatchNormalizationOfItself;
  const [x = '', ...numbers] = node.inputs;
  const isMerged = (state.layouts.get(x)?.axis ?? 0) > 0;
  return isMerged || numbers.some((name) => state.constantOf(name) === undefined) ? BatchNormalizationOfValues : undefined;
}

/** The middle of what is larger, zeros around what is smaller; an odd number goes to the end. */
export function CenterCropPad(to: Expansion): void {
  const shape = to.shape(0);
  const given = to.attributes.numbers('axes', [...shape.keys()]);
  to.attributes.finish();
  const target = to.constant(1);
  if (target === undefined) throw opUnsupported(to.node, 'a computed shape');
  if (target.data.length !== given.length)
    throw graphInvalid(to.node, `${target.data.length} sizes for ${given.length} axes.`);
  const axes = given.map((axis) => axisOf(axis, shape.length, to.node));
  const changes = axes.map((axis, index) => ({ axis, from: shape[axis]!, size: target.data[index]! }));
  const wanted = changes.filter(({ from, size }) => from !== size && !(isBatch(from) && size === to.state.fixedBatch));
  if (wanted.some(({ from }) => isBatch(from))) throw opUnsupported(to.node, 'another number of items');
  integersOf({ ...target, data: Float64Array.from(wanted, ({ size }) => size) }, to.node);
  const [crops, grows] = [wanted.filter(({ from, size }) => size < from), wanted.filter(({ from, size }) => size > from)];
  const begins = crops.map(({ from, size }) => Math.floor((from - size) / 2));
  const lists = [begins, crops.map(({ size }, i) => begins[i]! + size), crops.map(({ axis }) => axis)];
  const cropped = crops.length === 0 ? to.input(0) : to.add('Slice', [to.input(0), ...lists.map((list) => to.integers(...list))]); // biome-ignore format: one expression
  const pads = new Array<number>(2 * shape.length).fill(0);
  for (const { axis, from, size } of grows) {
    pads[axis] = Math.floor((size - from) / 2);
    pads[axis + shape.length] = size - from - pads[axis]!;
  }
  to.give('Pad', [cropped, to.integers(...pads)]);
}

/** Coordinates of pixels from −1 to 1, of the corners' middles or edges, times a matrix of each item. */
export function AffineGrid(to: Expansion): void {
  const isAligned = to.attributes.number('align_corners', 0) !== 0;
  to.attributes.finish();
  const size = to.constant(1);
  if (size === undefined) throw opUnsupported(to.node, 'a computed size');
  const image = integersOf({ ...size, data: size.data.slice(2) }, to.node);
  const columns = image.length + 1;
  if (image.length < 1 || image.some((length) => length < 1)) throw graphInvalid(to.node, 'its size is no image.');
  const inner = (d: number): number => sizeOf(image.slice(d + 1));
  const points = to.computed('float32', [sizeOf(image), columns], (at) => {
    const [point, column] = [Math.floor(at / columns), at % columns];
    if (column === image.length) return 1;
    // x first: the last dimension.
    const d = image.length - 1 - column;
    const [place, length] = [Math.floor(point / inner(d)) % image[d]!, image[d]!];
    return isAligned ? (length === 1 ? -1 : (2 * place) / (length - 1) - 1) : (2 * place + 1) / length - 1;
  });
  const grid = to.add('MatMul', [points, to.transpose(to.input(0), 0, 2, 1)]);
  to.give('Reshape', [grid, to.integers(0, ...image, image.length)]);
}

/**
 * ConvInteger and QLinearConv of one or three dimensions, as quantisers write them of networks for sound and video. Of one they are the
 * same over images of one row. Of three they are a convolution of whole numbers in float32, whose sums are exact below 2^24; beyond, a
 * result may be a step of its grid away from onnxruntime's, as of volumes in QDQ files.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import type { Constant } from '../constant.ts';
import type { ImportState } from '../import-state.ts';
import { toImageAttributes } from '../lower/windows.ts';
import { graphAttributes } from '../node-call.ts';
import { type OnnxNode, opKey } from '../onnx-model.ts';
import type { Expand, Expansion } from './expansion.ts';

/** Where the weight stands, and the zero points of x and of the weight. */
const places = { ConvInteger: { weight: 1, zeroPoints: [2, 3] }, QLinearConv: { weight: 3, zeroPoints: [2, 5] } } as const;

function OfOneRow(to: Expansion): void {
  const { op, inputs } = to.node;
  const { weight } = places[op as keyof typeof places];
  const { type, shape, data } = to.constant(weight)!;
  to.shapeOfRank(0, 3);
  const [outer, inner, ...kernel] = shape as [number, number, number];
  const image = to.add('Unsqueeze', [to.input(0), to.integers(2)]);
  const filter = to.tensor(type, [outer, inner, 1, ...kernel], data);
  const rows = inputs.map((name, index) => (index === 0 ? image : index === weight ? filter : name));
  const result = to.add(op, rows, toImageAttributes(graphAttributes(to.node)));
  to.give('Squeeze', [result, to.integers(2)]);
}

/** Weights without their zero points. */
function wholeWeights(to: Expansion, { shape, data }: Constant, zeroPoints: Constant | undefined): string {
  const [outputs = 1, ...filter] = shape;
  const zeros = zeroPoints?.data ?? [0];
  if (zeros.length !== 1 && zeros.length !== outputs) throw graphInvalid(to.node, `${zeros.length} zero points for ${outputs} outputs.`);
  const size = sizeOf(filter);
  return to.computed('float32', shape, (at) => data[at]! - zeros[zeros.length === 1 ? 0 : Math.floor(at / size)]!);
} // biome-ignore format: signature

/** onnxruntime multiplies the two scales first, then divides, in float32. */
function factors(to: Expansion, outputs: number): string {
  const [x = [], w = [], y = []] = [1, 4, 6].map((index) => to.constant(index)?.data ?? []);
  if (x.length !== 1 || y.length !== 1 || (w.length !== 1 && w.length !== outputs))
    throw opUnsupported(to.node, `scales but one constant number of input and result, and one or ${outputs} of the weight`); // biome-ignore format: one condition
  const both = (output: number): number => Math.fround(x[0]! * w[w.length === 1 ? 0 : output]!);
  return to.computed('float32', [outputs, 1, 1, 1], (output) => Math.fround(both(output) / y[0]!));
}

function OfVolume(to: Expansion): void {
  const { op } = to.node;
  const { weight, zeroPoints } = places[op as keyof typeof places];
  const [zeroOfX, zeroOfWeight] = zeroPoints;
  const constant = to.constant(weight)!;
  to.shapeOfRank(0, 5);
  const whole = to.add('Cast', [to.input(0)], { to: 1 });
  const x = to.has(zeroOfX) ? to.add('Sub', [whole, to.add('Cast', [to.input(zeroOfX)], { to: 1 })]) : whole;
  const bias = op === 'QLinearConv' && to.has(8) ? [to.add('Cast', [to.input(8)], { to: 1 })] : [];
  const sums = to.add('Conv', [x, wholeWeights(to, constant, to.constant(zeroOfWeight)), ...bias], to.node.attributes);
  if (op === 'ConvInteger') {
    to.give('Cast', [sums], { to: 6 });
    return;
  }
  const scaled = to.add('Mul', [sums, factors(to, constant.shape[0]!)]);
  to.give('QuantizeLinear', [scaled, to.number(1), to.optional(7)]);
}

/** How a convolution of bytes is written as others, if it is not over images. */
export function integerConvolutionForm(state: ImportState, node: OnnxNode): Expand | undefined {
  const key = opKey(node);
  if (!Object.hasOwn(places, key)) return undefined;
  const weight = state.constantOf(node.inputs[places[key as keyof typeof places].weight] ?? '');
  if (weight?.shape.length === 3) return OfOneRow;
  return weight?.shape.length === 5 ? OfVolume : undefined;
}

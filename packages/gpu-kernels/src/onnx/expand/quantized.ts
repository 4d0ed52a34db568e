/**
 * Quantised ops of onnxruntime (domain com.microsoft) as the ONNX ops that they stand for: dequantise, compute, quantise.
 * onnxruntime computes some of them by tables or in another order, so a result may be one step of its grid away.
 * Source: "ContribOperators.md" of onnxruntime.
 */
import { opUnsupported } from '../../graph/graph-errors.ts';
import type { Expand, Expansion } from './expansion.ts';

/** Three inputs from `index`: x, scale, zero point. */
const dequantize = (to: Expansion, index: number): string =>
  to.add('DequantizeLinear', [to.input(index), to.input(index + 1), to.optional(index + 2)]);

/** Scale and zero point from `index`. */
const quantize = (to: Expansion, x: string, index: number): void =>
  to.give('QuantizeLinear', [x, to.input(index), to.optional(index + 1)]);

const binary =
  (op: string) =>
  (to: Expansion): void =>
    quantize(to, to.add(op, [dequantize(to, 0), dequantize(to, 3)], to.node.attributes), 6);

const unary =
  (op: string, ...without: readonly string[]) =>
  (to: Expansion): void => {
    if (without.includes('channels_last') && (to.node.attributes.get('channels_last')?.value ?? 0) !== 0)
      throw opUnsupported(to.node, 'attribute channels_last');
    quantize(to, to.add(op, [dequantize(to, 0)], to.attributesWithout(...without)), 3);
  };

function QLinearSoftmax(to: Expansion): void {
  const written = to.node.attributes.get('opset')?.value;
  if (typeof written === 'number' && written < 13 !== to.state.opset < 13)
    throw opUnsupported(to.node, `the meaning of opset ${written}`);
  unary('Softmax', 'opset')(to);
}

function QLinearConcat(to: Expansion): void {
  const parts: string[] = [];
  for (let index = 2; index < to.node.inputs.length; index += 3) parts.push(dequantize(to, index));
  quantize(to, to.add('Concat', parts, to.node.attributes), 0);
}

/** float32(A · B) · (aScale · bScale). */
const scaled = (to: Expansion, product: string, scales: readonly [string, string]): readonly [string, string] => [
  to.add('Cast', [product], { to: 1 }),
  to.add('Mul', scales),
];

/** The same, + bias. */
function toFloat(to: Expansion, product: string, scales: readonly [string, string], bias: string): void {
  const factors = scaled(to, product, scales);
  if (bias === '') to.give('Mul', factors);
  else to.give('Add', [to.add('Mul', factors), bias]);
}

function MatMulIntegerToFloat(to: Expansion): void {
  const product = to.add('MatMulInteger', [to.input(0), to.input(1), to.optional(4), to.optional(5)]);
  toFloat(to, product, [to.input(2), to.input(3)], to.optional(6));
}

/** x as bytes, on a grid that it spans. */
function spanned(to: Expansion, x: string): { y: string; scale: string; zeroPoint: string } {
  const y = to.add('DynamicQuantizeLinear', [x]);
  const [scale, zeroPoint] = [to.fresh('scale'), to.fresh('zero-point')];
  to.nodes.push({ ...to.nodes.pop()!, outputs: [y, scale, zeroPoint] });
  return { y, scale, zeroPoint };
}

function DynamicQuantizeMatMul(to: Expansion): void {
  const { y, scale, zeroPoint } = spanned(to, to.input(0));
  const product = to.add('MatMulInteger', [y, to.input(1), zeroPoint, to.optional(3)]);
  toFloat(to, product, [scale, to.input(2)], to.optional(4));
}

/** The same product as a value of its own. */
export function dynamicProduct(to: Expansion, x: string, weights: string, grid: { scale: string; zeroPoint: string }): string {
  const { y, scale, zeroPoint } = spanned(to, x);
  const product = to.add('MatMulInteger', [y, weights, zeroPoint, grid.zeroPoint]);
  return to.add('Mul', scaled(to, product, [scale, grid.scale]));
} // biome-ignore format: signature

export const quantizedExpansions: Readonly<Record<string, Expand>> = {
  'com.microsoft.QLinearAdd': binary('Add'),
  'com.microsoft.QLinearMul': binary('Mul'),
  'com.microsoft.QLinearSigmoid': unary('Sigmoid'),
  'com.microsoft.QLinearLeakyRelu': unary('LeakyRelu'),
  'com.microsoft.QLinearAveragePool': unary('AveragePool', 'channels_last'),
  'com.microsoft.QLinearGlobalAveragePool': unary('GlobalAveragePool', 'channels_last'),
  'com.microsoft.QLinearSoftmax': QLinearSoftmax,
  'com.microsoft.QLinearConcat': QLinearConcat,
  'com.microsoft.MatMulIntegerToFloat': MatMulIntegerToFloat,
  'com.microsoft.DynamicQuantizeMatMul': DynamicQuantizeMatMul,
};

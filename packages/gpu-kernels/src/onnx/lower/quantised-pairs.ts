/**
 * QDQ files in integers, for backends that multiply bytes: a Conv, Gemm or MatMul between DequantizeLinear ops has an exact sum of
 * integers, which is scaled once to float32. Ops that only move numbers, and maxima, do so with the integers.
 */
import type { Constant } from '../constant.ts';
import type { Grid } from '../quantization.ts';
import { convMatrix, finishProduct, gemmMatrix, windowAttributes } from './integer-products.ts';
import type { LowerCall } from './lower-call.ts';

/** What a dequantised activation was made from, on one grid. */
export interface Dequantized {
  readonly integers: string;
  readonly grid: Grid;
}

/** What a dequantised constant was made from; without an axis there is one scale for all. */
export interface DequantizedConstant {
  readonly x: Constant;
  readonly scales: ArrayLike<number>;
  readonly zeroPoints: ArrayLike<number> | undefined;
  readonly axis: number;
}

/** Scale and zero point of each of `outputs` of a weight of bytes whose outputs lie along `axis`. */
function gridOfWeight(weight: DequantizedConstant | undefined, axis: number, outputs: number): { scale: (output: number) => number; zero: (output: number) => number } | undefined {
  if (weight === undefined || !['uint8', 'int8'].includes(weight.x.type)) return undefined;
  const { scales, zeroPoints } = weight;
  const isSingle = scales.length === 1;
  const along = weight.axis < 0 ? weight.axis + weight.x.shape.length : weight.axis;
  if (!isSingle && (along !== axis || scales.length !== outputs)) return undefined;
  const at = (list: ArrayLike<number>, output: number): number => list[isSingle ? 0 : output]!;
  return { scale: (output) => Math.fround(at(scales, output)), zero: (output) => (zeroPoints ? at(zeroPoints, output) : 0) };
} // biome-ignore format: signature

/** int32 numbers of a bias on the grid of the sums, as quantisers write it; `null` where it is on another. */
function biasOf(call: LowerCall, index: number, scales: readonly number[]): ArrayLike<number> | undefined | null {
  if (!call.has(index)) return undefined;
  const bias = call.state.dequantizedConstants.get(call.input(index));
  if (bias === undefined || bias.x.type !== 'int32' || bias.x.data.length !== scales.length) return null;
  const isZero = bias.zeroPoints === undefined || Array.from(bias.zeroPoints).every((zero) => zero === 0);
  const fits = scales.every((scale, output) => {
    const own = bias.scales[bias.scales.length === 1 ? 0 : output]!;
    return Math.abs(own - scale) <= 1e-6 * scale;
  });
  return isZero && fits ? bias.x.data : null;
}

/** Writes the product of integers, if both operands are such; else false, and nothing is written. */
function lowerPairProduct(call: LowerCall): boolean {
  const { node, state } = call;
  const x = state.dequantized.get(call.input(0));
  const weight = state.dequantizedConstants.get(node.inputs[1] ?? '');
  const type = x && state.types.get(x.integers);
  if (x === undefined || weight === undefined || (type !== 'uint8' && type !== 'int8')) return false;
  const isConv = node.op === 'Conv';
  const isTransposed = call.given['transB'] === 1;
  if (weight.x.shape.length !== (isConv ? 4 : 2) || (isConv && call.shape(0).length !== 3)) return false;
  if (node.op === 'Gemm' && ['alpha', 'beta'].some((name) => (call.given[name] ?? 1) !== 1)) return false;
  if (call.given['transA'] === 1) return false;
  const axis = isConv || isTransposed ? 0 : 1;
  const outputs = weight.x.shape[axis]!;
  const grid = gridOfWeight(weight, axis, outputs);
  if (grid === undefined) return false;
  const scales = Array.from({ length: outputs }, (_, output) => Math.fround(x.grid.scales[0]! * grid.scale(output)));
  const bias = biasOf(call, 2, scales);
  if (bias === null) return false;
  const matrix = isConv ? convMatrix(call, weight.x, grid.zero) : gemmMatrix(weight.x, grid.zero, isTransposed);
  finishProduct(
    { call, x: x.integers, zeroPoint: x.grid.zeroPoints[0]!, matrix, scales, ...(bias === undefined ? {} : { bias }) },
    isConv ? 'Conv' : 'Gemm',
    isConv ? windowAttributes(call, weight.x) : {},
  );
  return true;
}

const products = new Set(['Conv', 'Gemm', 'MatMul']);
const moves = new Set(['Flatten', 'MaxPool', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze']);

/** Lowers a node of a QDQ file by its integers, where it can be; `lower` lowers a part as any other node. */
export function lowerPair(call: LowerCall, lower: (part: LowerCall['node']) => void): boolean {
  const { node, state } = call;
  if (!state.inIntegers || node.domain !== '' || (node.inputs[0] ?? '') === '') return false;
  if (products.has(node.op)) return lowerPairProduct(call);
  const x = moves.has(node.op) ? state.dequantized.get(node.inputs[0]!) : undefined;
  if (x === undefined || (node.outputs[1] ?? '') !== '') return false;
  const integers = state.freshName(`${node.name}/integers`);
  lower({ ...node, name: integers, inputs: [x.integers, ...node.inputs.slice(1)], outputs: [integers] });
  state.setType(integers, x.grid.type);
  state.dequantized.set(node.outputs[0]!, { integers, grid: x.grid });
  const { scales, zeroPoints } = x.grid;
  const centred = zeroPoints[0] === 0 ? integers : call.add('Sub', [integers, call.number(zeroPoints[0]!)]);
  call.finish('Mul', [centred, call.number(scales[0]!)]);
  return true;
}

/**
 * ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul and onnxruntime's QGemm. Products with constant weights have exact
 * 32-bit sums (`IntegerConv`, `IntegerGemm`). With `quantisation: 'weights-only'` they are float products of the same weights.
 * Requantisation is onnxruntime's: float32(sum) · (xScale · wScale / yScale), rounded half to even.
 */
import type { GraphAttribute } from '@diptych/plugin-kit';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { showShape } from '../../graph/shapes.ts';
import type { Constant } from '../constant.ts';
import { type Grid, gridOf, packIntegers, packWeight } from '../quantization.ts';
import type { LowerCall } from './lower-call.ts';
import { finishQuantize } from './quantization.ts';
import { itemwise } from './unbatched.ts';

/** Integers of `[outputs, inner]` without their zero points. */
export interface Matrix {
  readonly outputs: number;
  readonly inner: number;
  readonly at: (output: number, index: number) => number;
}

interface Product {
  readonly call: LowerCall;
  readonly x: string;
  /** Of x: a constant, or the name of a value that is subtracted first. */
  readonly zeroPoint: number | string;
  readonly matrix: Matrix;
  readonly bias?: ArrayLike<number>;
  /** What float32 sums are multiplied by, for each output. */
  readonly scales?: readonly number[];
  /** Where results are rounded to. */
  readonly to?: Grid;
}

const weightTypes = ['uint8', 'int8'];

function integerWeight(call: LowerCall, index: number): Constant {
  const weight = call.constant(index);
  if (weight === undefined || !weightTypes.includes(weight.type))
    throw graphInvalid(call.node, `input ${index}, the weight, must be int8 or uint8.`);
  return weight;
}

/** Zero point of each of `outputs`. */
function zeroPoints(call: LowerCall, index: number, outputs: number): (output: number) => number {
  const constant = call.constant(index);
  if (constant === undefined) return () => 0;
  if (constant.data.length !== 1 && constant.data.length !== outputs)
    throw opUnsupported(call.node, `zero points of shape ${showShape(constant.shape)} for ${outputs} outputs`);
  return (output) => constant.data[constant.data.length === 1 ? 0 : output]!;
}

/** Zero point of an activation: a constant number, or the name of a value with one number an item. */
function activationZeroPoint(call: LowerCall, index: number): number | string {
  if (!call.has(index)) return 0;
  const name = call.input(index);
  if (call.state.unbatched.has(name)) return itemwise(call, name, call.shape(0).length + 1);
  const constant = call.constant(index)!;
  if (constant.data.length !== 1)
    throw opUnsupported(
      call.node,
      `zero points of shape ${showShape(constant.shape)}, only one for an activation is implemented`,
    );
  return constant.data[0]!;
}

function requireBytes(call: LowerCall, index: number): void {
  const type = call.state.types.get(call.input(index));
  if (type !== 'uint8' && type !== 'int8') throw graphInvalid(call.node, `input ${index} must hold int8 or uint8 numbers.`);
}

/** Writes the product as the output of the call; `op` is that of float32, `attributes` those of windows. */
export function finishProduct(product: Product, op: 'Conv' | 'Gemm', attributes: Record<string, GraphAttribute> = {}): void {
  const { call, matrix, bias, scales, to } = product;
  const isDynamic = typeof product.zeroPoint === 'string';
  if (call.state.mode === 'weights-only') {
    finishFloat(product, op, attributes);
    return;
  }
  const x = isDynamic ? call.add('Sub', [product.x, product.zeroPoint as string]) : product.x;
  const { words, shape, bits, reach } = packWeight(matrix.outputs, matrix.inner, matrix.at);
  const inputs = [
    x,
    call.tensor(shape, words),
    bias === undefined ? '' : call.tensor([matrix.outputs], packIntegers(bias)),
    scales === undefined ? '' : call.tensor([matrix.outputs], scales),
  ];
  const rounded: Record<string, GraphAttribute> =
    to === undefined ? {} : { requantize: [to.zeroPoints[0]!, to.min, to.max] };
  const own = { zero_point: isDynamic ? 0 : product.zeroPoint, weight_bits: bits, ...rounded };
  setResultType(product, reach);
  call.finish(`Integer${op}`, inputs, { ...attributes, ...own });
}

/** Sums without a scale stay int32: float32 holds them exactly only below 2^24. */
function setResultType({ call, scales, to }: Product, reach: number): void {
  const output = call.node.outputs[0]!;
  if (to !== undefined) call.state.setType(output, to.type);
  else if (scales === undefined) {
    call.state.setType(output, 'int32');
    if (reach * 255 >= 2 ** 24) call.state.rounded.add(output);
  }
}

function finishFloat({ call, x, zeroPoint, matrix, bias, scales, to }: Product, op: 'Conv' | 'Gemm', attributes: Record<string, GraphAttribute>): void {
  const { outputs, inner, at } = matrix;
  const shift = to?.zeroPoints[0] ?? 0;
  const factor = (output: number): number => scales?.[output] ?? 1;
  const weight = new Float32Array(outputs * inner);
  for (let output = 0; output < outputs; output++)
    for (let index = 0; index < inner; index++) weight[output * inner + index] = at(output, index) * factor(output);
  const sums = Float32Array.from({ length: outputs }, (_, output) => (bias?.[output] ?? 0) * factor(output) + shift);
  const centred = zeroPoint === 0 ? x : call.add('Sub', [x, typeof zeroPoint === 'string' ? zeroPoint : call.number(zeroPoint)]);
  const name =
    op === 'Conv' ? floatConv(call, centred, matrix, weight, sums, attributes) : floatGemm(call, centred, matrix, weight, sums);
  if (to !== undefined) call.state.setType(call.node.outputs[0]!, to.type);
  if (to === undefined) call.finish('Identity', [name]);
  else call.finish('Clip', [name, call.number(to.min), call.number(to.max)]);
} // biome-ignore format: signature

/** The weight back in ONNX's order: `[outputs, channels, height, width]`. */
function floatConv(call: LowerCall, x: string, { outputs, inner }: Matrix, weight: Float32Array, bias: Float32Array, attributes: Record<string, GraphAttribute>): string {
  const [height, width] = attributes['kernel_shape'] as [number, number];
  const taps = height * width;
  const depth = inner / taps;
  const moved = weight.map((_, index) => {
    const [output, place] = [Math.floor(index / inner), index % inner];
    return weight[output * inner + (place % taps) * depth + Math.floor(place / taps)]!;
  });
  return call.add('Conv', [x, call.tensor([outputs, depth, height, width], moved), call.tensor([outputs], bias)], attributes);
} // biome-ignore format: signature

function floatGemm(
  call: LowerCall,
  x: string,
  { outputs, inner }: Matrix,
  weight: Float32Array,
  bias: Float32Array,
): string {
  const moved = weight.map((_, index) => weight[(index % outputs) * inner + Math.floor(index / outputs)]!);
  return call.add('Add', [call.add('MatMul', [x, call.tensor([inner, outputs], moved)]), call.tensor([outputs], bias)]);
}

/** `[outputs, channels, height, width]` in the order of the plan: kernel row, kernel column, channel. */
export function convMatrix(call: LowerCall, weight: Constant, zeroPoint: (output: number) => number): Matrix {
  if (weight.shape.length !== 4 || call.shape(0).length !== 3)
    throw opUnsupported(call.node, `a weight ${showShape(weight.shape)}, only convolutions of one to three dimensions are implemented`); // biome-ignore format: one condition
  const [outputs, depth, height, width] = weight.shape as [number, number, number, number];
  const taps = height * width;
  const inner = depth * taps;
  const at = (output: number, index: number): number =>
    weight.data[output * inner + (index % depth) * taps + Math.floor(index / depth)]! - zeroPoint(output);
  return { outputs, inner, at };
}

export function windowAttributes(call: LowerCall, weight: Constant): Record<string, GraphAttribute> {
  const { kernel_shape: kernel, ...rest } = call.given;
  const shape = weight.shape.slice(2);
  if (kernel !== undefined && (kernel as readonly number[]).join() !== shape.join())
    throw graphInvalid(call.node, `kernel_shape contradicts weight ${showShape(weight.shape)}.`);
  return { ...rest, kernel_shape: shape };
}

/** y = Σ (x − xZero) · (w − wZero), an int32. */
export function ConvInteger(call: LowerCall): void {
  requireBytes(call, 0);
  const weight = integerWeight(call, 1);
  const matrix = convMatrix(call, weight, zeroPoints(call, 3, weight.shape[0]!));
  finishProduct({ call, x: call.input(0), zeroPoint: activationZeroPoint(call, 2), matrix }, 'Conv', windowAttributes(call, weight));
} // biome-ignore format: one call

/** Scales of results: onnxruntime multiplies the two scales first, then divides, in float32. */
const resultScales = (x: Grid, w: Grid, to: Grid | undefined, outputs: number): number[] =>
  Array.from({ length: outputs }, (_, output) => {
    const both = Math.fround(x.scales[0]! * w.scales[w.scales.length === 1 ? 0 : output]!);
    return to === undefined ? both : Math.fround(both / to.scales[0]!);
  });

/** One grid for a whole activation. */
function singleGrid(call: LowerCall, index: number): Grid {
  const grid = gridOf(call.node, call.constant(index), call.constant(index + 1), 'uint8');
  if (grid.scales.length !== 1) throw opUnsupported(call.node, `several scales in input ${index}, only one is implemented`);
  return grid;
}

export function QLinearConv(call: LowerCall): void {
  requireBytes(call, 0);
  const weight = integerWeight(call, 3);
  const [from, to] = [singleGrid(call, 1), singleGrid(call, 6)];
  const grid = gridOf(call.node, call.constant(4), call.constant(5), weight.type);
  const outputs = weight.shape[0]!;
  const matrix = convMatrix(call, weight, zeroPoints(call, 5, outputs));
  const bias = call.constant(8)?.data;
  const scales = resultScales(from, grid, to, outputs);
  finishProduct(
    { call, x: call.input(0), zeroPoint: from.zeroPoints[0]!, matrix, ...(bias === undefined ? {} : { bias }), scales, to },
    'Conv',
    windowAttributes(call, weight),
  );
}

/** Matrix `[inner, outputs]`, or `[outputs, inner]` where `isTransposed`, without the zero points of outputs. */
export function gemmMatrix({ shape, data }: Constant, zeroPoint: (output: number) => number, isTransposed: boolean): Matrix {
  const [inner, outputs] = (isTransposed ? shape.toReversed() : shape) as [number, number];
  const at = (output: number, place: number): number =>
    data[isTransposed ? output * inner + place : place * outputs + output]! - zeroPoint(output);
  return { outputs, inner, at };
}

function constantMatrix(call: LowerCall, index: number, zeroIndex: number, isTransposed = false): Matrix {
  const weight = integerWeight(call, index);
  if (weight.shape.length !== 2)
    throw opUnsupported(call.node, `a constant of shape ${showShape(weight.shape)}, only a matrix is implemented`);
  return gemmMatrix(weight, zeroPoints(call, zeroIndex, weight.shape[isTransposed ? 0 : 1]!), isTransposed);
}

/** Integers of operand `index` without their zero point, of which there is one. */
function centred(call: LowerCall, index: number, zeroIndex: number): string {
  const constant = call.state.constantOf(call.input(index));
  const zero = call.has(zeroIndex) ? call.input(zeroIndex) : undefined;
  const isItems = zero !== undefined && call.state.unbatched.has(zero);
  const known = isItems ? undefined : call.constant(zeroIndex)?.data;
  if (known !== undefined && known.length !== 1)
    throw opUnsupported(call.node, 'several zero points of an operand that is no weight of one matrix');
  if (constant !== undefined) {
    if (isItems || !weightTypes.includes(constant.type)) throw graphInvalid(call.node, `input ${index} must hold int8 or uint8 numbers, and have a constant zero point.`); // biome-ignore format: one condition
    return call.tensor(constant.shape, constant.data.map((value) => value - (known?.[0] ?? 0))); // biome-ignore format: one call
  }
  requireBytes(call, index);
  if (zero === undefined) return call.input(index);
  return call.add('Sub', [call.input(index), isItems ? itemwise(call, zero, call.shape(index).length + 1) : call.number(known![0]!)]); // biome-ignore format: one call
}

/** Operands that are computed, or constants of more than one matrix: float32 sums of integers below 2^24 are exact in any order. */
function productOfValues(
  call: LowerCall,
  [a, b]: readonly [number, number],
  [aZero, bZero]: readonly [number, number],
): string {
  const isConstant = call.state.constantOf(call.input(a)) !== undefined;
  const inner = (isConstant ? call.shape(b).at(-2) : call.shape(a).at(-1)) ?? 0;
  if (inner * 255 * 255 >= 2 ** 24)
    throw opUnsupported(
      call.node,
      `${inner} products of integers that are not by one matrix could leave the integers that float32 holds`,
    );
  return call.add('MatMul', [centred(call, a, aZero), centred(call, b, bZero)]);
}

/** Whether operand `index` is a weight: one constant matrix. */
const isWeight = (call: LowerCall, index: number): boolean => call.state.constantOf(call.input(index))?.shape.length === 2;

export function MatMulInteger(call: LowerCall): void {
  call.attributes.finish();
  if (!isWeight(call, 1)) {
    const name = productOfValues(call, [0, 1], [2, 3]);
    call.state.setType(call.node.outputs[0]!, 'int32');
    call.finish('Identity', [name]);
    return;
  }
  requireBytes(call, 0);
  const matrix = constantMatrix(call, 1, 3);
  finishProduct({ call, x: call.input(0), zeroPoint: activationZeroPoint(call, 2), matrix }, 'Gemm');
}

export function QLinearMatMul(call: LowerCall): void {
  call.attributes.finish();
  const [from, to] = [singleGrid(call, 1), singleGrid(call, 6)];
  const weightType = call.constant(5)?.type ?? 'uint8';
  const grid = gridOf(call.node, call.constant(4), call.constant(5), weightType);
  if (!isWeight(call, 3)) {
    const sums = productOfValues(call, [0, 3], [2, 5]);
    const [scale] = resultScales(from, grid, to, 1);
    finishQuantize(call, call.add('Mul', [sums, call.number(scale!)]), { ...to, scales: [1] }, 1);
    return;
  }
  requireBytes(call, 0);
  const matrix = constantMatrix(call, 3, 5);
  const scales = resultScales(from, grid, to, matrix.outputs);
  finishProduct({ call, x: call.input(0), zeroPoint: from.zeroPoints[0]!, matrix, scales, to }, 'Gemm');
}

/** alpha · A · B + C, with C as int32 on the grid of the product; without a scale of y the result is float32. */
export function QGemm(call: LowerCall): void {
  const alpha = call.attributes.number('alpha', 1);
  call.attributes.require('transA', 0);
  const isTransposed = call.attributes.number('transB', 0) !== 0;
  call.attributes.finish();
  requireBytes(call, 0);
  const from = singleGrid(call, 1);
  const to = call.has(7) ? singleGrid(call, 7) : undefined;
  const matrix = constantMatrix(call, 3, 5, isTransposed);
  const grid = gridOf(call.node, call.constant(4), call.constant(5), 'uint8');
  const bias = call.constant(6)?.data;
  if (bias !== undefined && bias.length !== matrix.outputs)
    throw opUnsupported(
      call.node,
      `C of ${bias.length} numbers, only one for each of ${matrix.outputs} outputs is implemented`,
    );
  const scales = resultScales({ ...from, scales: [Math.fround(from.scales[0]! * alpha)] }, grid, to, matrix.outputs);
  finishProduct({ call, x: call.input(0), zeroPoint: from.zeroPoints[0]!, matrix, ...(bias === undefined ? {} : { bias }), scales, ...(to === undefined ? {} : { to }) }, 'Gemm'); // biome-ignore format: one call
}

/**
 * QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear of activations. A quantised activation is the float32 of its
 * integers. What is quantised and at once dequantised again is one `Quantize` that rounds to the grid.
 * With `quantisation: 'weights-only'` nothing is rounded, but a fixed range still saturates: quantisers leave out
 * activation functions such as Relu where saturation does their work.
 */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { type Grid, gridOf, outputType, precisionOf } from '../quantization.ts';
import type { LowerCall } from './lower-call.ts';
import { itemwise } from './unbatched.ts';

/** Shape `[n, 1, 1]` that repeats a list over the dimensions behind `axis`; `[]` for one number. */
const alongAxis = (call: LowerCall, list: readonly number[], axis: number): string =>
  list.length === 1
    ? call.number(list[0]!)
    : call.tensor([list.length, ...call.shape(0).slice(axis).map(() => 1)], list); // biome-ignore format: one expression

/** Grid and axis (with batch) of the node's activation. */
function gridAndAxis(call: LowerCall, fallback: Grid['type']): { grid: Grid; axis: number } {
  const grid = gridOf(call.node, call.constant(1), call.constant(2), fallback);
  const given = call.attributes.number('axis', 1);
  call.attributes.require('block_size', 0);
  const shape = call.shape(0);
  const axis = grid.scales.length === 1 ? 1 : axisOf(given, shape.length + 1, call.node);
  if (axis === 0) throw opUnsupported(call.node, 'a scale for each item of the batch');
  if (grid.scales.length > 1 && grid.scales.length !== shape[axis - 1])
    throw graphInvalid(call.node, `${grid.scales.length} scales do not fit axis ${axis}.`);
  return { grid, axis };
}

const pairsOf = (call: LowerCall, { scales, zeroPoints }: Grid): string =>
  call.tensor(
    [scales.length, 2],
    scales.flatMap((scale, index) => [scale, zeroPoints[index]!]),
  );

/** Writes the rounding of `x` to `grid` as the output of the call. */
export function finishQuantize(call: LowerCall, x: string, grid: Grid, axis: number): void {
  const { min, max } = grid;
  call.state.setType(call.node.outputs[0]!, grid.type);
  call.state.quantized.set(call.node.outputs[0]!, { source: x, grid, axis });
  if (call.state.mode !== 'weights-only') {
    call.finish('Quantize', [x, pairsOf(call, grid)], { axis, min, max });
    return;
  }
  const scaled = call.add('Div', [x, alongAxis(call, grid.scales, axis)]);
  const shifted = call.add('Add', [scaled, alongAxis(call, grid.zeroPoints, axis)]);
  call.finish('Clip', [shifted, call.number(min), call.number(max)]);
}

export function QuantizeLinear(call: LowerCall): void {
  const fallback = outputType(call.node, call.attributes.number('output_dtype', 0), 'uint8');
  call.attributes.number('saturate', 1); // of float8 only
  precisionOf(call);
  const { grid, axis } = gridAndAxis(call, fallback);
  call.attributes.finish();
  const from = call.state.dequantized.get(call.input(0));
  if (from !== undefined && grid.scales.length === 1 && isSame(from.grid, grid)) {
    // Integers that were dequantised and are quantised to their own grid are themselves.
    call.state.setType(call.node.outputs[0]!, grid.type);
    call.state.requantized.set(call.node.outputs[0]!, call.input(0));
    call.finish('Identity', [from.integers]);
    return;
  }
  finishQuantize(call, call.input(0), grid, axis);
}

const sameList = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

/** With the scale and zero point that DynamicQuantizeLinear gave each item. */
function dequantizeOfItem(call: LowerCall): void {
  call.attributes.number('axis', 1);
  call.attributes.require('block_size', 0);
  call.attributes.finish();
  const rank = call.shape(0).length + 1;
  const [scale, zeroPoint] = [1, 2].map((index) => itemwise(call, call.input(index), rank)) as [string, string];
  call.finish('Mul', [call.add('Sub', [call.input(0), zeroPoint]), scale]);
}

const isSame = (a: Grid, b: Grid): boolean =>
  a.type === b.type && sameList(a.scales, b.scales) && sameList(a.zeroPoints, b.zeroPoints);

export function DequantizeLinear(call: LowerCall): void {
  call.attributes.number('output_dtype', 0); // all floats are computed in float32
  const type = call.state.types.get(call.input(0));
  if (type === undefined) throw graphInvalid(call.node, 'its input holds no integers.');
  if (call.state.unbatched.has(call.node.inputs[1] ?? '')) {
    dequantizeOfItem(call);
    return;
  }
  const { grid, axis } = gridAndAxis(call, type);
  call.attributes.finish();
  const { scales, zeroPoints } = grid;
  if (call.state.inIntegers && scales.length === 1) {
    const integers = call.input(0);
    const source = call.state.requantized.get(integers);
    call.state.dequantized.set(call.node.outputs[0]!, { integers, grid });
    if (source !== undefined && isSame(call.state.dequantized.get(source)!.grid, grid)) {
      call.finish('Identity', [source]);
      return;
    }
  }
  const before = call.state.quantized.get(call.input(0));
  const isSameGrid =
    before !== undefined &&
    (scales.length === 1 || before.axis === axis) &&
    sameList(before.grid.scales, scales) &&
    sameList(before.grid.zeroPoints, zeroPoints);
  if (isSameGrid && call.state.mode !== 'weights-only') {
    const { min, max } = before.grid;
    call.finish('Quantize', [before.source, pairsOf(call, grid)], { axis, min, max, dequantize: 1 });
  } else if (isSameGrid && scales.length === 1) {
    const [scale, zeroPoint] = [scales[0]!, zeroPoints[0]!];
    const bounds = [before.grid.min, before.grid.max].map((bound) => call.number((bound - zeroPoint) * scale));
    call.finish('Clip', [before.source, ...bounds]);
  } else {
    const x = call.input(0);
    const isCentred = zeroPoints.every((zeroPoint) => zeroPoint === 0);
    const centred = isCentred ? x : call.add('Sub', [x, alongAxis(call, zeroPoints, axis)]);
    call.finish('Mul', [centred, alongAxis(call, scales, axis)]);
  }
}

/**
 * uint8 over the range of each item; ONNX takes the range of the whole tensor, which is the same for a batch of 1. So an
 * item's scores do not depend on what else is in its batch. Scale and zero point are one number an item.
 */
export function DynamicQuantizeLinear(call: LowerCall): void {
  call.attributes.finish();
  const [, scale = '', zeroPoint = ''] = call.node.outputs;
  const { state } = call;
  state.setType(call.node.outputs[0]!, 'uint8');
  if (state.mode === 'weights-only') {
    if (scale !== '') state.constants.set(scale, { type: 'float32', shape: [], data: Float32Array.of(1) });
    if (zeroPoint !== '') state.constants.set(zeroPoint, { type: 'uint8', shape: [], data: Float64Array.of(0) });
    call.skip(1, 2);
    call.finish('Identity', [call.input(0)]);
    return;
  }
  const range = call.add('QuantizeRange', [call.input(0)]);
  for (const index of [0, 1]) {
    const one = call.add('Slice', [range, ...[index, index + 1, 1].map((value) => call.tensor([1], [value]))]);
    call.also(index + 1, 'Reshape', [one, call.tensor([1], [0])]);
  }
  if (scale !== '') state.unbatched.set(scale, []);
  if (zeroPoint !== '') {
    state.unbatched.set(zeroPoint, []);
    state.setType(zeroPoint, 'uint8');
  }
  call.finish('Quantize', [call.input(0), range], { min: 0, max: 255 });
}

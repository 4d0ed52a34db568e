/** QuantizeLinear and DequantizeLinear of constants: for one scale, a scale for each place of an axis, or blocks along it. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { roundHalfEven } from '../../graph/rounding.ts';
import { sameShape, showShape, sizeOf } from '../../graph/shapes.ts';
import { allocate, type Constant, isFloat } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';
import { elementTypeOf, nameOfType } from '../onnx-model.ts';
import { integerRanges, outputType, precisionOf } from '../quantization.ts';
import { isSmallFloat } from '../small-floats.ts';

/** Which scale element `index` of x has. */
function scaleIndex(call: FoldCall, x: Constant, scale: Constant): (index: number) => number {
  const given = call.attributes.number('axis', 1);
  const block = call.attributes.number('block_size', 0);
  if (scale.data.length === 1 && scale.shape.length <= 1) return () => 0;
  const axis = axisOf(given, x.shape.length, call.node);
  const inner = sizeOf(x.shape.slice(axis + 1));
  if (block === 0) {
    if (scale.shape.length !== 1 || scale.data.length !== x.shape[axis])
      throw graphInvalid(call.node, `scales ${showShape(scale.shape)} do not fit axis ${axis} of ${showShape(x.shape)}.`);
    return (index) => Math.floor(index / inner) % x.shape[axis]!;
  }
  const blocks = Math.ceil(x.shape[axis]! / block);
  const expected = x.shape.map((size, d) => (d === axis ? blocks : size));
  if (!Number.isInteger(block) || block < 1 || !sameShape(scale.shape, expected))
    throw graphInvalid(
      call.node,
      `scales ${showShape(scale.shape)} do not fit blocks of ${block} of ${showShape(x.shape)}.`,
    );
  return (index) => {
    const place = Math.floor(index / inner);
    const outer = Math.floor(place / x.shape[axis]!);
    return (outer * blocks + Math.floor((place % x.shape[axis]!) / block)) * inner + (index % inner);
  };
}

function zeroPointOf(call: FoldCall, scale: Constant): Constant | undefined {
  const zeroPoint = call.optional(2);
  if (zeroPoint !== undefined && zeroPoint.data.length !== scale.data.length)
    throw graphInvalid(call.node, `${scale.data.length} scales and ${zeroPoint.data.length} zero points.`);
  return zeroPoint;
}

/** y = (x − zeroPoint) · scale in float32. */
function DequantizeLinear(call: FoldCall): Constant[] {
  const [x, scale] = [call.input(0), call.input(1)];
  if (integerRanges[x.type] === undefined && !isSmallFloat(x.type)) throw opUnsupported(call.node, `${x.type} numbers`);
  const zeroPoint = zeroPointOf(call, scale);
  const at = scaleIndex(call, x, scale);
  const given = call.attributes.number('output_dtype', 0);
  const type = given === 0 ? scale.type : elementTypeOf(given);
  call.attributes.finish();
  if (type === undefined || !isFloat(type)) throw opUnsupported(call.node, `element type ${nameOfType(given)}`);
  const data = allocate(type, x.shape, call.place);
  for (let index = 0; index < data.length; index++) {
    const place = at(index);
    data[index] = (x.data[index]! - (zeroPoint?.data[place] ?? 0)) * scale.data[place]!;
  }
  return [{ type, shape: x.shape, data }];
}

/** y = saturate(round(x / scale) + zeroPoint), halves to even; the quotient is rounded to float32 first, as everywhere. */
function QuantizeLinear(call: FoldCall): Constant[] {
  const [x, scale] = [call.input(0), call.input(1)];
  const zeroPoint = zeroPointOf(call, scale);
  const at = scaleIndex(call, x, scale);
  const type = zeroPoint?.type ?? outputType(call.node, call.attributes.number('output_dtype', 0), 'uint8');
  call.attributes.number('output_dtype', 0);
  call.attributes.number('saturate', 1); // of float8 only
  precisionOf(call);
  call.attributes.finish();
  const range = integerRanges[type];
  if (range === undefined) throw opUnsupported(call.node, `quantisation to ${type}`);
  const data = allocate(type, x.shape, call.place);
  for (let index = 0; index < data.length; index++) {
    const place = at(index);
    const rounded = roundHalfEven(Math.fround(x.data[index]! / scale.data[place]!)) + (zeroPoint?.data[place] ?? 0);
    data[index] = Math.min(range[1], Math.max(range[0], rounded));
  }
  return [{ type, shape: x.shape, data }];
}

export const quantizationFolds = { DequantizeLinear, QuantizeLinear } as const;

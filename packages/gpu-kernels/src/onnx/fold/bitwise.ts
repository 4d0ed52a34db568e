/** Bits of whole numbers that import knows. Values of a network are float32, of which bits would say something else. */
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { broadcastShape, showShape } from '../../graph/shapes.ts';
import { allocate, bitsAs, type Constant, holdsBatch, isFloat } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';
import { type ElementType, elementTypeOf, nameOfType } from '../onnx-model.ts';
import { broadcastTo, whole } from './elementwise.ts';

const widths: Readonly<Partial<Record<ElementType, number>>> = { uint8: 8, int8: 8, uint16: 16, int16: 16, uint32: 32, int32: 32, uint64: 64, int64: 64 }; // biome-ignore format: a table

/** As a 64-bit machine would have it, in the width and with the sign of the type. */
function wrapped(call: FoldCall, type: ElementType, bits: bigint): number {
  const width = widths[type];
  if (width === undefined) throw opUnsupported(call.node, `bits of ${type} numbers`);
  return whole(call, type, Number(type.startsWith('u') ? BigInt.asUintN(width, bits) : BigInt.asIntN(width, bits)));
}

const bitsOf = (call: FoldCall, value: number): bigint => BigInt(whole(call, 'int64', value));

/** BigInt takes some tens of times as long as a float. */
const slowness = 32;

const binary =
  (compute: (a: bigint, b: bigint) => bigint) =>
  (call: FoldCall): Constant[] => {
    call.attributes.finish();
    const [a, b] = [call.input(0), call.input(1)];
    const rank = Math.max(a.shape.length, b.shape.length);
    const [first, second] = [a, b].map(({ shape }) => [...new Array<number>(rank - shape.length).fill(1), ...shape]) as [number[], number[]]; // biome-ignore format: one line
    const shape = broadcastShape(first, second);
    if (shape === undefined || a.type !== b.type) throw graphInvalid(call.node, `${a.type} ${showShape(a.shape)} and ${b.type} ${showShape(b.shape)} do not fit.`); // biome-ignore format: one condition
    if (holdsBatch(a) || holdsBatch(b))
      throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
    const data = allocate(a.type, shape, call.place);
    call.spend(slowness * data.length);
    const [left, right] = [a, b].map((operand) => broadcastTo(operand, shape, call.place)) as [Float64Array, Float64Array];
    for (let at = 0; at < data.length; at++) data[at] = wrapped(call, a.type, compute(bitsOf(call, left[at]!), bitsOf(call, right[at]!))); // biome-ignore format: one loop
    return [{ type: a.type, shape, data }];
  };

function BitwiseNot(call: FoldCall): Constant[] {
  call.attributes.finish();
  const { type, shape, data } = call.input(0);
  if (holdsBatch(call.input(0)))
    throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  call.spend(slowness * data.length);
  const result = allocate(type, shape, call.place);
  for (let at = 0; at < data.length; at++) result[at] = wrapped(call, type, ~bitsOf(call, data[at]!));
  return [{ type, shape, data: result }];
}

/** A shift by the width of the type and more leaves nothing; a bound keeps it from making a number of as many bits. */
const shift = (by: bigint): bigint => (by < 0n || by > 64n ? 64n : by);

function BitShift(call: FoldCall): Constant[] {
  const direction = call.attributes.string('direction', '');
  if (direction !== 'LEFT' && direction !== 'RIGHT') throw graphInvalid(call.node, `direction "${direction}" is none.`);
  return binary((a, by) => (direction === 'LEFT' ? a << shift(by) : a >> shift(by)))(call);
}

/** The bits of numbers as another type's of the same width. */
function BitCast(call: FoldCall): Constant[] {
  const to = call.attributes.number('to', 0);
  call.attributes.finish();
  const type = elementTypeOf(to);
  const x = call.input(0);
  if (holdsBatch(x)) throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  if (type === undefined) throw opUnsupported(call.node, `element type ${nameOfType(to)}`);
  if (isFloat(x.type) && x.data.some(Number.isNaN)) throw opUnsupported(call.node, 'bits of what is not a number');
  call.spend(slowness * x.data.length);
  const { data } = bitsAs(x, type, call.place);
  return [{ type, shape: x.shape, data: data.map((value) => whole(call, type, value)) }];
}

export const bitwiseFolds = {
  BitCast,
  BitShift,
  BitwiseAnd: binary((a, b) => a & b),
  BitwiseNot,
  BitwiseOr: binary((a, b) => a | b),
  BitwiseXor: binary((a, b) => a ^ b),
} as const;

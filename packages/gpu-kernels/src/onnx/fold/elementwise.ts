/** Elementwise arithmetic on constants: in doubles, rounded to the type once. Integers that a double cannot hold are refused. */
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { roundToFloat } from '../../graph/rounding.ts';
import { broadcastShape, broadcastStrides, rowMajorStrides, sameShape, showShape, sizeOf } from '../../graph/shapes.ts';
import { allocate, batchEntry, type Constant, dependsOnBatch, holdsBatch, isFloat } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';
import { type ElementType, elementTypeOf, nameOfType } from '../onnx-model.ts';
import { isSmallFloat } from '../small-floats.ts';

const padded = (shape: readonly number[], rank: number): number[] => [
  ...new Array<number>(rank - shape.length).fill(1),
  ...shape,
];

function commonShape(call: FoldCall, operands: readonly Constant[]): readonly number[] {
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  return operands
    .map(({ shape }) => padded(shape, rank))
    .reduce((a, b) => {
      const shape = broadcastShape(a, b);
      if (shape === undefined) throw graphInvalid(call.node, `shapes ${showShape(a)} and ${showShape(b)} do not broadcast.`);
      return a.includes(0) || b.includes(0) ? shape.map((size, d) => (a[d] === 0 || b[d] === 0 ? 0 : size)) : shape;
    });
}

/** How many of the last dimensions an operand gives as they lie, or else repeats one number over. */
function runOf(shape: readonly number[], output: readonly number[], isGiven: boolean): number {
  let run = 0;
  for (let d = output.length - 1; d >= 0; d--, run++) if (output[d] !== 1 && (shape[d] === output[d]) !== isGiven) break;
  return run;
}

/** Reads an operand at each place of the output, in row-major order. */
export function broadcastTo(operand: Constant, output: readonly number[], place: string): Float32Array | Float64Array {
  const data = allocate(operand.type, output, place);
  const source = operand.data;
  const shape = padded(operand.shape, output.length);
  const strides = broadcastStrides(shape, output);
  // Whole weights are spread so: as many numbers at once as there are, and only from run to run by coordinates.
  const given = runOf(shape, output, true);
  const run = Math.max(given, runOf(shape, output, false));
  const width = sizeOf(output.slice(output.length - run));
  const outer = rowMajorStrides(output.slice(0, output.length - run));
  for (let row = 0; row * width < data.length; row++) {
    let from = 0;
    for (let d = 0; d < outer.length; d++) from += (Math.floor(row / outer[d]!) % output[d]!) * strides[d]!;
    const at = row * width;
    if (run === given) data.set(source.subarray(from, from + width), at);
    else data.fill(source[from]!, at, at + width);
  }
  return data;
}

/** The numbers of an operand at each place of the output: its own where it has that shape. Not to be written to. */
const readAt = (operand: Constant, output: readonly number[], place: string): Constant['data'] =>
  sameShape(operand.shape, output) ? operand.data : broadcastTo(operand, output, place);

function finish(call: FoldCall, type: ElementType, shape: readonly number[], value: (index: number) => number): Constant[] {
  const data = allocate(type, shape, call.place);
  for (let index = 0; index < data.length; index++) {
    data[index] = value(index);
  }
  return [{ type, shape, data }];
}

/** Integers that doubles cannot hold are refused, and so is what is no integer. */
export function whole(call: FoldCall, type: ElementType, result: number): number {
  if (!isFloat(type) && !Number.isSafeInteger(result))
    throw opUnsupported(call.node, `integer ${result} is too large to be computed exactly`);
  return result;
}

/**
 * With an operand that no integer stands for, as a logarithm of 0 that a file then leaves out with Where: it stays so. As a
 * weight, size or index it is refused.
 */
function withoutInteger(call: FoldCall, gives: 'bool' | undefined): number {
  if (gives === 'bool') throw opUnsupported(call.node, 'a comparison with a float that became no integer');
  return Number.NaN;
}

type Binary = (a: number, b: number, isInteger: boolean) => number;
type Numbers = Float32Array | Float64Array;

/**
 * Floats in loops of their own: of whole weights, as networks that standardise theirs have them, a call for each number takes
 * several times as long as its arithmetic.
 */
const floatLoops: Readonly<Partial<Record<string, (to: Numbers, a: Constant['data'], b: Constant['data']) => void>>> = {
  Add(to, a, b) {
    for (let at = 0; at < to.length; at++) to[at] = a[at]! + b[at]!;
  },
  Sub(to, a, b) {
    for (let at = 0; at < to.length; at++) to[at] = a[at]! - b[at]!;
  },
  Mul(to, a, b) {
    for (let at = 0; at < to.length; at++) to[at] = a[at]! * b[at]!;
  },
  Div(to, a, b) {
    for (let at = 0; at < to.length; at++) to[at] = a[at]! / b[at]!;
  },
};

/** With multiples of the batch (a number of 1 or more) as operands: only what holds for any batch. */
function withBatch(call: FoldCall, a: number, b: number): number {
  const { op } = call.node;
  const [isA, isB] = [dependsOnBatch(a), dependsOnBatch(b)];
  const both = isA && isB;
  const result = batchRules[op as keyof typeof batchRules]?.(a, b, both, isA);
  if (result === undefined || !(Number.isSafeInteger(result) || dependsOnBatch(result)))
    throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  return result;
}

type BatchRule = (a: number, b: number, both: boolean, isA: boolean) => number | undefined;

/** Undefined where the result depends on the batch in another way than as a multiple of it. */
const batchRules: Readonly<Partial<Record<string, BatchRule>>> = {
  Add: (a, b, both) => (both || a === 0 || b === 0 ? a + b : undefined),
  Sub: (a, b, both) => (both || b === 0 ? a - b : undefined),
  Mul: (a, b, both) => (both ? undefined : a * b),
  // k · batch / (j · batch) does not depend on the batch; k · batch / j is a multiple of it if j divides k.
  Div: (a, b, both, isA) => (both ? Math.trunc(a / b) : isA && Number.isInteger(a / b / batchEntry) ? a / b : undefined),
  Mod: (a, b, both, isA) => (!both && isA && Number.isInteger(a / b / batchEntry) ? 0 : undefined),
  Equal: (a, b, both) => (both ? Number(a === b) : Math.min(a, b) <= 0 ? 0 : undefined),
  Greater: (a, b, both, isA) => (both ? Number(a > b) : isA && b <= 0 ? 1 : !isA && a <= 0 ? 0 : undefined),
  Less: (a, b, both, isA) => (both ? Number(a < b) : isA && b <= 0 ? 0 : !isA && a <= 0 ? 1 : undefined),
  Max: (a, b, both, isA) => (both ? Math.max(a, b) : (isA ? b : a) <= 1 ? (isA ? a : b) : undefined),
};

/** Ops of any number of inputs: exporters write the largest number of a tensor as Max of it alone. */
const variadic: ReadonlySet<string> = new Set(['Max', 'Min']);

const binary =
  (compute: Binary, gives?: 'bool') =>
  (call: FoldCall): Constant[] => {
    call.attributes.finish();
    if (call.count < (variadic.has(call.node.op) ? 1 : 2)) throw graphInvalid(call.node, 'two inputs are expected.');
    let left = call.input(0);
    for (let index = 1; index < call.count; index++) {
      const right = call.input(index);
      const type = gives ?? left.type;
      const shape = commonShape(call, [left, right]);
      const [a, b] = [readAt(left, shape, call.place), readAt(right, shape, call.place)];
      if (isFloat(left.type)) {
        const data = allocate(type, shape, call.place);
        const loop = floatLoops[call.node.op];
        if (loop === undefined) for (let at = 0; at < data.length; at++) data[at] = compute(a[at]!, b[at]!, false);
        else loop(data, a, b);
        left = { type, shape, data };
        continue;
      }
      [left] = finish(call, type, shape, (at) => {
        if (Number.isNaN(a[at]) || Number.isNaN(b[at])) return withoutInteger(call, gives);
        if (dependsOnBatch(a[at]!) || dependsOnBatch(b[at]!)) return withBatch(call, a[at]!, b[at]!);
        return whole(call, type, compute(a[at]!, b[at]!, true));
      }) as [Constant];
    }
    return [left];
  };

const unary =
  (compute: (x: number) => number, gives?: 'bool') =>
  (call: FoldCall): Constant[] => {
    call.attributes.finish();
    const x = call.input(0);
    if (holdsBatch(x)) throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
    const [type, { data }] = [gives ?? x.type, x];
    if (isFloat(type)) return finish(call, type, x.shape, (at) => compute(data[at]!));
    return finish(call, type, x.shape, (at) => whole(call, type, compute(data[at]!)));
  };

function Where(call: FoldCall): Constant[] {
  call.attributes.finish();
  const [condition, x, y] = [call.input(0), call.input(1), call.input(2)];
  const shape = commonShape(call, [condition, x, y]);
  const [choose, a, b] = [condition, x, y].map((operand) => readAt(operand, shape, call.place)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return finish(call, x.type, shape, (at) => (choose[at] ? a[at]! : b[at]!));
}

function Cast(call: FoldCall): Constant[] {
  const to = call.attributes.number('to', 0);
  call.attributes.number('saturate', 1); // of float8 only
  call.attributes.string('round_mode', 'up'); // of float8 only
  call.attributes.finish();
  const type = elementTypeOf(to);
  const x = call.input(0);
  // Numbers of 2 and 4 bits and floats of 8 are read as weights; conversions to them would wrap or round.
  if (type === undefined || /int[24]$/.test(type) || isSmallFloat(type))
    throw opUnsupported(call.node, `element type ${nameOfType(to)}`);
  if (isFloat(type) && holdsBatch(x))
    throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  if (type === 'float16' || type === 'bfloat16')
    return finish(call, type, x.shape, (at) => roundToFloat(type, Math.fround(x.data[at]!)));
  if (type === 'bool') return finish(call, type, x.shape, (at) => (x.data[at] === 0 ? 0 : 1));
  if (isFloat(type) || !isFloat(x.type)) return finish(call, type, x.shape, (at) => x.data[at]!);
  const isSafe = (value: number): boolean => Number.isSafeInteger(Math.trunc(value));
  return finish(call, type, x.shape, (at) => (isSafe(x.data[at]!) ? Math.trunc(x.data[at]!) : Number.NaN));
}

function divide(a: number, b: number, isInteger: boolean): number {
  if (!isInteger) return a / b;
  if (b === 0) return Infinity; // refused by `finish` as no integer
  return Math.trunc(a / b);
}

/** With `fmod` the remainder has the sign of the dividend, without that of the divisor, floats since opset 28 too. */
function Mod(call: FoldCall): Constant[] {
  const keepsSign = call.attributes.number('fmod', 0) !== 0;
  return binary((a, b, isInteger) => {
    if (isInteger && b === 0) return Infinity; // refused by `finish` as no integer
    const rest = a % b;
    return keepsSign || rest === 0 || rest < 0 === b < 0 ? rest : rest + b;
  })(call);
}

export const elementwiseFolds = {
  Abs: unary(Math.abs), Ceil: unary(Math.ceil), Exp: unary(Math.exp), Floor: unary(Math.floor), Log: unary(Math.log),
  Neg: unary((x) => -x), Not: unary((x) => (x === 0 ? 1 : 0)), Reciprocal: unary((x) => 1 / x), Sqrt: unary(Math.sqrt),
  Add: binary((a, b) => a + b), Sub: binary((a, b) => a - b), Mul: binary((a, b) => a * b), Div: binary(divide),
  Max: binary((a, b) => Math.max(a, b)), Min: binary((a, b) => Math.min(a, b)), Mod, Pow: binary((a, b) => a ** b),
  And: binary((a, b) => a && b), Or: binary((a, b) => a || b), Equal: binary((a, b) => Number(a === b), 'bool'),
  Greater: binary((a, b) => Number(a > b), 'bool'), Less: binary((a, b) => Number(a < b), 'bool'), Xor: binary((a, b) => Number(a !== b)),
  GreaterOrEqual: binary((a, b) => Number(a >= b), 'bool'), LessOrEqual: binary((a, b) => Number(a <= b), 'bool'),
  Cast, Where,
} as const; // biome-ignore format: a table

/** Reductions, products, Tile and Pad of constants. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { broadcastShape, broadcastStrides, rowMajorStrides, showShape, sizeOf } from '../../graph/shapes.ts';
import { allocate, type Constant, dependsOnBatch, holdsBatch, isFloat } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';

/** A number that is read through a list of places takes as long as so many others: measured, 5 ns and 40 ns on a busy core. */
const reading = 8;

interface Reduction {
  readonly start: number;
  readonly combine: (sum: number, x: number) => number;
  readonly finish?: (sum: number, count: number) => number;
}

/** Places of all coordinates of the dimensions `axes` of `shape`, the last one fastest. */
function placesOf(shape: readonly number[], axes: readonly number[]): Float64Array {
  const strides = rowMajorStrides(shape);
  let places = Float64Array.of(0);
  for (const axis of axes) {
    const size = shape[axis]!;
    const wider = new Float64Array(places.length * size);
    for (const [at, place] of places.entries())
      for (let i = 0; i < size; i++) wider[at * size + i] = place + i * strides[axis]!;
    places = wider;
  }
  return places;
}

const reduce =
  ({ start, combine, finish }: Reduction) =>
  (call: FoldCall): Constant[] => {
    const x = call.input(0);
    const isKept = call.attributes.number('keepdims', 1) !== 0;
    const isIdentity = call.attributes.number('noop_with_empty_axes', 0) !== 0;
    const given = call.list('axes', 1) ?? [];
    call.attributes.finish();
    const all = isIdentity ? [] : [...x.shape.keys()];
    const axes = new Set(given.length > 0 ? given.map((axis) => axisOf(axis, x.shape.length, call.node)) : all);
    checkNumbers(call, x, axes, finish !== undefined);
    const dimensions = [...x.shape.keys()];
    // Over the last dimensions, numbers are read in a row.
    const isInRow = dimensions.slice(x.shape.length - axes.size).every((d) => axes.has(d));
    call.spend((isInRow ? 1 : reading) * x.data.length);
    const kept = placesOf(x.shape, dimensions.filter((d) => !axes.has(d))); // biome-ignore format: one expression
    const within = isInRow ? undefined : placesOf(x.shape, dimensions.filter((d) => axes.has(d))); // biome-ignore format: one expression
    const count = dimensions.reduce((product, d) => (axes.has(d) ? product * x.shape[d]! : product), 1);
    const shape = x.shape.flatMap((size, d) => (axes.has(d) ? (isKept ? [1] : []) : [size]));
    const data = allocate(x.type, shape, call.place);
    const numbers = x.data;
    // The least and the largest of truth, where there is nothing to reduce.
    const first = x.type === 'bool' ? Math.min(1, Math.max(0, start)) : start;
    for (let at = 0; at < data.length; at++) {
      const from = kept[at]!;
      let sum = first;
      if (within === undefined) for (let i = from; i < from + count; i++) sum = combine(sum, numbers[i]!);
      else for (let i = 0; i < count; i++) sum = combine(sum, numbers[from + within[i]!]!);
      data[at] = finish === undefined ? sum : finish(sum, count);
    }
    return [{ type: x.type, shape, data }];
  };

/** A product with the batch in it once is a multiple of it. What divides or takes roots is of floats. */
function checkNumbers(call: FoldCall, x: Constant, axes: ReadonlySet<number>, ofFloats: boolean): void {
  const isMultiple = call.node.op === 'ReduceProd' && axes.size === x.shape.length && x.data.filter(dependsOnBatch).length === 1;
  if (holdsBatch(x) && !isMultiple) throw opUnsupported(call.node, `arithmetic with the number of items of the batch. ${itemsTogether}`);
  if (ofFloats && !isFloat(x.type)) throw opUnsupported(call.node, `${x.type} numbers of a constant`);
} // biome-ignore format: signature

/** Matrices of the last two dimensions, the others broadcast; a vector is a matrix of one row or column. */
function MatMul(call: FoldCall): Constant[] {
  call.attributes.finish();
  const [a, b] = [call.input(0), call.input(1)];
  const [shapeA, shapeB] = [
    a.shape.length === 1 ? [1, ...a.shape] : a.shape,
    b.shape.length === 1 ? [...b.shape, 1] : b.shape,
  ];
  const rank = Math.max(shapeA.length, shapeB.length);
  const [leadA, leadB] = [shapeA, shapeB].map((shape) => [...new Array<number>(rank - shape.length).fill(1), ...shape.slice(0, -2)]) as [number[], number[]]; // biome-ignore format: one line
  const lead = broadcastShape(leadA, leadB);
  const [rows, inner, columns] = [shapeA.at(-2)!, shapeA.at(-1)!, shapeB.at(-1)!];
  if (rank < 2 || lead === undefined || inner !== shapeB.at(-2))
    throw graphInvalid(call.node, `${showShape(a.shape)} · ${showShape(b.shape)} does not fit.`);
  const count = sizeOf(lead);
  const data = allocate(a.type, [count, rows, columns], call.place);
  call.spend(data.length * inner);
  const own = rowMajorStrides(lead);
  const [stepsA, stepsB] = [broadcastStrides(leadA, lead), broadcastStrides(leadB, lead)];
  for (let matrix = 0; matrix < count; matrix++) {
    const place = (steps: readonly number[]): number => own.reduce((sum, unit, d) => sum + (Math.floor(matrix / unit) % lead[d]!) * steps[d]!, 0); // biome-ignore format: one line
    const [fromA, fromB] = [place(stepsA) * rows * inner, place(stepsB) * inner * columns];
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a.data[fromA + row * inner + k]! * b.data[fromB + k * columns + column]!;
        data[(matrix * rows + row) * columns + column] = sum;
      }
  }
  const ends = [...(a.shape.length === 1 ? [] : [rows]), ...(b.shape.length === 1 ? [] : [columns])];
  return [{ type: a.type, shape: [...lead, ...ends], data }];
}

/** Numbers at `from(coordinate, dimension)` of each dimension; outside of one, `fill`. */
function walked(call: FoldCall, x: Constant, shape: readonly number[], from: (c: number, d: number) => number, fill: number): Constant[] {
  const data = allocate(x.type, shape, call.place);
  const [own, strides] = [rowMajorStrides(shape), rowMajorStrides(x.shape)];
  for (let index = 0; index < data.length; index++) {
    let at = 0;
    for (let d = 0; d < shape.length; d++) {
      const c = from(Math.floor(index / own[d]!) % shape[d]!, d);
      at += c >= 0 && c < x.shape[d]! ? c * strides[d]! : Number.NaN;
    }
    data[index] = Number.isNaN(at) ? fill : x.data[at]!;
  }
  return [{ type: x.type, shape, data }];
} // biome-ignore format: signature

function Tile(call: FoldCall): Constant[] {
  call.attributes.finish();
  const x = call.input(0);
  const repeats = call.integers(1);
  if (repeats.length !== x.shape.length)
    throw graphInvalid(call.node, `${repeats.length} repeats do not fit ${x.shape.length} dimensions.`);
  const shape = x.shape.map((size, d) => size * repeats[d]!);
  return walked(call, x, shape, (c, d) => c % x.shape[d]!, 0);
}

function Pad(call: FoldCall): Constant[] {
  const mode = call.attributes.string('mode', 'constant');
  call.attributes.finish();
  const x = call.input(0);
  const given = call.integers(1);
  const axes = call.optional(3) === undefined ? [...x.shape.keys()] : call.integers(3).map((axis) => axisOf(axis, x.shape.length, call.node)); // biome-ignore format: one expression
  if (mode !== 'constant') throw opUnsupported(call.node, `padding of a constant with mode "${mode}"`);
  if (given.length !== 2 * axes.length) throw graphInvalid(call.node, `${given.length} pads do not fit ${axes.length} dimensions.`); // biome-ignore format: one condition
  const begins = new Array<number>(x.shape.length).fill(0);
  const shape = [...x.shape];
  for (const [index, axis] of axes.entries()) {
    begins[axis] = given[index]!;
    shape[axis]! += given[index]! + given[index + axes.length]!;
  }
  return walked(call, x, shape, (c, d) => c - begins[d]!, call.optional(2)?.data[0] ?? 0);
}

const sum = (a: number, b: number): number => a + b;
const squares = (a: number, b: number): number => a + b * b;
const sizes = (a: number, b: number): number => a + Math.abs(b);

export const reductionFolds = {
  MatMul, Pad, Tile,
  ReduceL1: reduce({ start: 0, combine: sizes }), ReduceL2: reduce({ start: 0, combine: squares, finish: Math.sqrt }),
  ReduceLogSum: reduce({ start: 0, combine: sum, finish: (total) => Math.log(total) }), ReduceMax: reduce({ start: -Infinity, combine: Math.max }),
  ReduceMean: reduce({ start: 0, combine: sum, finish: (total, count) => total / count }), ReduceMin: reduce({ start: Infinity, combine: Math.min }),
  ReduceProd: reduce({ start: 1, combine: (a, b) => a * b }), ReduceSum: reduce({ start: 0, combine: sum }),
  ReduceSumSquare: reduce({ start: 0, combine: squares }),
} as const; // biome-ignore format: a table

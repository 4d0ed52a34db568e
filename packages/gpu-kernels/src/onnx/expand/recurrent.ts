/**
 * LSTM, GRU and RNN over a sequence whose length the file fixes: their steps one after the other. What an input adds to the gates is one
 * product for the whole sequence. Formulas: https://onnx.ai/onnx/operators/onnx__LSTM.html, onnx__GRU.html, onnx__RNN.html.
 * DynamicQuantizeLSTM is onnxruntime's ("ContribOperators.md"): both products are of bytes.
 */
import { Attributes } from '../../graph/attributes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import { type Constant, dependsOnBatch } from '../constant.ts';
import { graphAttributes } from '../node-call.ts';
import type { Expand, Expansion } from './expansion.ts';
import { dynamicProduct } from './quantized.ts';
import { type Cell, cells, type State } from './recurrent-cells.ts';

/** Steps of all directions of one op, and of all in a network; each is some fifteen nodes. */
const mostSteps = 1024;
const mostTogether = 4096;

/** Counts steps before they are written. */
export function spendSteps(to: Expansion, count: number): void {
  if (count > mostSteps)
    throw opUnsupported(to.node, `${count} steps of a recurrence, at most ${mostSteps} are implemented`);
  to.state.steps += count;
  if (to.state.steps > mostTogether) throw opUnsupported(to.node, `more than ${mostTogether} steps of recurrences in one network`); // biome-ignore format: one condition
}

interface Recurrence {
  readonly to: Expansion;
  readonly cell: Cell;
  readonly length: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly directions: readonly ('forward' | 'reverse')[];
  readonly activations: readonly string[];
  readonly clip: number;
  readonly isBatchFirst: boolean;
  readonly resetsAfter: boolean;
  /** Weights are bytes, turned already, and inputs and states are brought to bytes. */
  readonly isQuantised: boolean;
}

const known: ReadonlySet<string> = new Set(['Relu', 'Sigmoid', 'Softplus', 'Softsign', 'Tanh']);

function activationsOf(to: Expansion, cell: Cell, directions: number): readonly string[] {
  const given = to.node.attributes.get('activations');
  const listed = given?.kind === 'strings' ? given.value : Array.from({ length: directions }, () => cell.activations).flat();
  // ONNX's own default for RNN is one for each of two directions, which onnxruntime writes for one direction too.
  const names = to.node.op === 'RNN' ? listed.slice(0, Math.max(1, directions)) : listed;
  if (names.length !== directions * cell.activations.length)
    throw graphInvalid(to.node, `${names.length} activations for ${directions} directions.`);
  const exact = names.map((name) => [...known].find((other) => other.toLowerCase() === name.toLowerCase()));
  const missing = exact.indexOf(undefined);
  if (missing >= 0)
    throw opUnsupported(to.node, `activation ${names[missing]}, only ${[...known].join(', ')} are implemented`);
  return exact as string[];
}

const namesOf: Readonly<Record<string, Recurrence['directions']>> = {
  forward: ['forward'],
  reverse: ['reverse'],
  bidirectional: ['forward', 'reverse'],
};

function readRecurrence(to: Expansion, cell: Cell): Recurrence {
  const { name, op, inputs, outputs } = to.node;
  const given = graphAttributes({ ...to.node, attributes: to.attributesWithout('activations') });
  const attributes = new Attributes({ name, op, inputs, outputs, attributes: given });
  const direction = attributes.string('direction', 'forward');
  const directions = Object.hasOwn(namesOf, direction) ? namesOf[direction] : undefined;
  if (directions === undefined) throw graphInvalid(to.node, `direction "${direction}" is none.`);
  const isBatchFirst = attributes.number('layout', 0) !== 0;
  const clip = attributes.number('clip', 0);
  const resetsAfter = op === 'GRU' && attributes.number('linear_before_reset', 0) !== 0;
  if (cell.hasMemory) attributes.require('input_forget', 0);
  const shape = to.shapeOfRank(0, 3);
  const [weights, recurrent] = [1, 2].map((index) => to.shapeOfRank(index, 3)) as [number[], number[]];
  const isQuantised = op === 'DynamicQuantizeLSTM';
  const hidden = attributes.number('hidden_size', recurrent[isQuantised ? 1 : 2]!);
  attributes.finish();
  const [length, width] = [shape[isBatchFirst ? 1 : 0]!, shape[2]!];
  if (dependsOnBatch(length)) throw opUnsupported(to.node, 'a sequence along the batch');
  const expected = (columns: number): string => {
    const matrix = [cell.gates * hidden, columns];
    return showShape([directions.length, ...(isQuantised ? matrix.reverse() : matrix)]);
  };
  if (showShape(weights) !== expected(width) || showShape(recurrent) !== expected(hidden))
    throw graphInvalid(to.node, `weights ${showShape(weights)} and ${showShape(recurrent)} do not fit ${directions.length} directions of ${hidden} numbers.`); // biome-ignore format: one condition
  spendSteps(to, length * directions.length);
  const activations = activationsOf(to, cell, directions.length);
  return { to, cell, length, inputs: width, hidden, directions, activations, clip, isBatchFirst, resetsAfter, isQuantised };
}

function parameter(to: Expansion, index: number, what: string): Constant {
  const constant = to.constant(index);
  if (constant === undefined) throw opUnsupported(to.node, `${what} that are computed`);
  return constant;
}

/** One direction's `[gates · hidden, columns]` from gate `first` on, turned. */
function turned({ to, cell, hidden }: Recurrence, index: number, direction: number, columns: number, first = 0, count = cell.gates - first): string {
  const { data } = parameter(to, index, 'weights');
  const rows = count * hidden;
  const from = (direction * cell.gates + first) * hidden * columns;
  return to.computed('float32', [columns, rows], (at) => data[from + (at % rows) * columns + Math.floor(at / rows)]!);
} // biome-ignore format: signature

/** The product with all gates' weights of input `index`, of `columns` numbers; of bytes, their scales and zero points are in `scales` and behind it. */
function productOf(from: Recurrence, direction: number, index: number, columns: number, scales: number, count?: number): (x: string) => string {
  const { to, cell, hidden, isQuantised } = from;
  if (!isQuantised) {
    const matrix = turned(from, index, direction, columns, 0, count);
    return (x) => to.add('MatMul', [x, matrix]);
  }
  const width = cell.gates * hidden;
  const weights = parameter(to, index, 'weights');
  const part = (of: Constant, shape: readonly number[]): string =>
    to.tensor(of.type, shape, of.data.slice(direction * sizeOf(shape), (direction + 1) * sizeOf(shape)));
  const each = (of: number, what: string): string => {
    const numbers = parameter(to, of, what);
    const count = numbers.data.length / from.directions.length;
    if (count !== 1 && count !== width) throw graphInvalid(to.node, `${what} ${showShape(numbers.shape)}, one or ${width} for each direction are expected.`); // biome-ignore format: one condition
    return part(numbers, count === 1 ? [] : [width]);
  };
  const matrix = part(weights, [columns, width]);
  const grid = { scale: each(scales, 'scales'), zeroPoint: each(scales + 1, 'zero points') };
  return (x) => dynamicProduct(to, x, matrix, grid);
} // biome-ignore format: signature

/** Biases of inputs and states: added up, but for the last gate of a GRU that resets after its product. */
function biases(
  { to, cell, hidden, directions, resetsAfter }: Recurrence,
  direction: number,
): { input: string; state?: string } {
  const rows = cell.gates * hidden;
  const data = to.has(3) ? parameter(to, 3, 'biases').data : new Float32Array(2 * rows * directions.length);
  if (data.length !== 2 * rows * directions.length)
    throw graphInvalid(to.node, `biases of ${data.length} numbers, ${2 * rows * directions.length} are expected.`);
  const [input, state] = [0, 1].map((part) => data.subarray((2 * direction + part) * rows, (2 * direction + part + 1) * rows)) as [Float32Array, Float32Array]; // biome-ignore format: one expression
  const apart = resetsAfter ? 2 * hidden : rows;
  const own = to.computed('float32', [rows], (at) => input[at]! + (at < apart ? state[at]! : 0));
  return resetsAfter ? { input: own, state: to.tensor('float32', [hidden], state.slice(apart)) } : { input: own };
}

/** `[1, batch, hidden]`; undefined where it is 0. */
function initial(
  { to, hidden, directions, isBatchFirst }: Recurrence,
  index: number,
  direction: number,
): string | undefined {
  if (!to.has(index)) return undefined;
  const constant = to.constant(index);
  if (constant?.data.every((value) => value === 0)) return undefined;
  const shape = to.shapeOfRank(index, 3);
  if (shape[2] !== hidden || shape[isBatchFirst ? 1 : 0] !== directions.length)
    throw graphInvalid(to.node, `a first state of ${showShape(shape)} for ${directions.length} directions of ${hidden} numbers.`); // biome-ignore format: one condition
  const name = isBatchFirst ? to.transpose(to.input(index), 1, 0, 2) : to.input(index);
  return directions.length === 1 ? name : to.slice(name, 0, direction, direction + 1);
}

/** Sequences that all are as long as the input says nothing; shorter ones would leave steps out. */
function checkLengths({ to, length }: Recurrence): void {
  const lengths = to.has(4) ? to.constant(4) : undefined;
  if (to.has(4) && !lengths?.data.every((value) => value === length))
    throw opUnsupported(to.node, 'sequences that are shorter than the input, or whose lengths are computed');
}

/** States after each step of one direction, in the order of the sequence, and after the last. */
function run(from: Recurrence, x: string, direction: number): { steps: string[]; last: State } {
  const { to, cell, length, hidden, inputs } = from;
  const bias = biases(from, direction);
  const products = to.add('Add', [productOf(from, direction, 1, inputs, 8)(x), bias.input]);
  const apart = cell.isApart ? cell.gates - 1 : cell.gates;
  const recurrent = productOf(from, direction, 2, hidden, 10, apart);
  const ofLast = cell.isApart ? turned(from, 2, direction, hidden, apart) : undefined;
  const count = cell.activations.length;
  const peepholes = cell.hasMemory && to.has(7) ? parameter(to, 7, 'peepholes').data.subarray(3 * hidden * direction, 3 * hidden * (direction + 1)) : undefined; // biome-ignore format: one expression
  if (peepholes !== undefined && peepholes.length !== 3 * hidden) throw graphInvalid(to.node, 'peepholes of another size.');
  const how = { to, hidden, recurrent, ofLast, activations: from.activations.slice(direction * count, (direction + 1) * count), clip: from.clip, resetsAfter: from.resetsAfter, stateBias: bias.state, peepholes }; // biome-ignore format: one object
  let state: State = { h: initial(from, 5, direction), c: cell.hasMemory ? initial(from, 6, direction) : undefined };
  const steps = new Array<string>(length);
  for (let step = 0; step < length; step++) {
    const at = from.directions[direction] === 'reverse' ? length - 1 - step : step;
    state = cell.step(how, length === 1 ? products : to.slice(products, 0, at, at + 1), state);
    steps[at] = state.h!;
  }
  return { steps, last: state };
}

/** Y `[length, directions, batch, hidden]`, and the last states `[directions, batch, hidden]`; with layout 1 the batch is first. */
const recurrent =
  (cell: Cell): Expand =>
  (to) => {
    const from = readRecurrence(to, cell);
    to.hasOutputs(...(cell.hasMemory ? [0, 1, 2] : [0, 1]));
    checkLengths(from);
    const x = from.isBatchFirst ? to.transpose(to.input(0), 1, 0, 2) : to.input(0);
    const runs = from.directions.map((_, direction) => run(from, x, direction));
    const joined = (names: readonly string[], axis: number): string => (names.length === 1 ? names[0]! : to.add('Concat', names, { axis })); // biome-ignore format: one expression
    if (to.isRead(0)) {
      const sequences = runs.map(({ steps }) => to.add('Unsqueeze', [joined(steps, 0), to.integers(1)]));
      const y = joined(sequences, 1);
      if (from.isBatchFirst) to.give('Transpose', [y], { perm: [2, 0, 1, 3] });
      else to.give('Identity', [y]);
    }
    for (const [index, part] of (['h', 'c'] as const).entries()) {
      if (!to.isRead(index + 1)) continue;
      const last = joined(runs.map(({ last: state }) => state[part]!), 0); // biome-ignore format: one expression
      to.also(index + 1, from.isBatchFirst ? to.transpose(last, 1, 0, 2) : last);
    }
  };

export const recurrentExpansions: Readonly<Record<string, Expand>> = {
  GRU: recurrent(cells.GRU),
  LSTM: recurrent(cells.LSTM),
  RNN: recurrent(cells.RNN),
  'com.microsoft.DynamicQuantizeLSTM': recurrent(cells.LSTM),
};

/**
 * Weights that onnxruntime's quantiser keeps as 2, 4 or 8 bits in blocks with a scale each (MatMulNBits, MatMulBnb4 and
 * GatherBlockQuantized, domain com.microsoft), as their float32 numbers: computed at import, and then a product or a choice of
 * rows like any other. `accuracy_level`, which allows rounding activations to less, is not made use of.
 * Sources: "ContribOperators.md" of onnxruntime; NF4 is of "QLoRA" (arXiv 2305.14314, appendix E).
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { showShape, sizeOf } from '../../graph/shapes.ts';
import type { Constant } from '../constant.ts';
import type { Expansion } from './expansion.ts';

/** Rows of integers in blocks of `block`; each row has whole bytes of its own, the lowest bits first. */
interface Blocks {
  readonly bits: number;
  readonly block: number;
  readonly rows: number;
  readonly columns: number;
}

function constantAt(to: Expansion, index: number, size: number, what: string): Constant {
  const constant = to.constant(index);
  if (constant === undefined) throw opUnsupported(to.node, `computed ${what}, only constant ones are implemented`);
  if (constant.data.length !== size)
    throw graphInvalid(to.node, `${what} of shape ${showShape(constant.shape)}, ${size} numbers are expected.`);
  return constant;
}

function readBlocks(to: Expansion, bits: number, block: number, rows: number, columns: number): Blocks {
  if (![2, 4, 8].includes(bits)) throw opUnsupported(to.node, `weights of ${bits} bits, only 2, 4 and 8 are implemented`);
  if (![block, rows, columns].every((size) => Number.isInteger(size) && size > 0) || block < 16 || block % 8 !== 0)
    throw graphInvalid(to.node, `blocks of ${block} of ${rows} x ${columns} weights.`);
  return { bits, block, rows, columns };
}

/** Integer `at` of a row of `width` bytes. */
const integerAt = ({ data }: Constant, bits: number, row: number, width: number, at: number): number =>
  (data[row * width + Math.floor((at * bits) / 8)]! >> ((at * bits) % 8)) & (2 ** bits - 1);

/** Zero points: packed like the weights, or numbers of the scales' type; without them the middle of the range. */
function zeroPointsOf(to: Expansion, index: number, { bits, rows }: Blocks, groups: number): (row: number, group: number) => number {
  if (!to.has(index)) return () => 2 ** (bits - 1);
  const isPacked = to.constant(index)?.type === 'uint8';
  const width = Math.ceil((groups * bits) / 8);
  const points = constantAt(to, index, rows * (isPacked ? width : groups), 'zero points');
  return (row, group) => (isPacked ? integerAt(points, bits, row, width, group) : points.data[row * groups + group]!);
} // biome-ignore format: signature

/** Number of a weight by its row and its place in it. */
function numbersOf(to: Expansion, blocks: Blocks, weight: Constant, [scales, zeroPoints]: readonly [number, number], width: number, group: (at: number) => number): (row: number, at: number) => number {
  const groups = Math.ceil(blocks.columns / blocks.block);
  const scale = constantAt(to, scales, blocks.rows * groups, 'scales').data;
  const zeroPoint = zeroPointsOf(to, zeroPoints, blocks, groups);
  return (row, at) =>
    (integerAt(weight, blocks.bits, row, width, at) - zeroPoint(row, group(at))) * scale[row * groups + group(at)]!;
} // biome-ignore format: signature

/** y = A · Wᵀ + bias, with W of `[N, K]`. */
export function MatMulNBits(to: Expansion): void {
  const { attributes } = to;
  const [columns, rows] = [attributes.number('K', 0), attributes.number('N', 0)];
  const blocks = readBlocks(to, attributes.number('bits', 4), attributes.number('block_size', 0), rows, columns);
  attributes.number('accuracy_level', 0);
  attributes.require('weight_prepacked', 0);
  attributes.finish();
  const groups = Math.ceil(columns / blocks.block);
  const width = (groups * blocks.block * blocks.bits) / 8;
  const weight = constantAt(to, 1, rows * width, 'weights');
  const order = to.has(4) ? constantAt(to, 4, columns, 'g_idx').data : undefined;
  if (order?.some((group) => !(group >= 0 && group < groups))) throw graphInvalid(to.node, `g_idx leaves the ${groups} blocks of a row.`);
  const group = (at: number): number => order?.[at] ?? Math.floor(at / blocks.block);
  const number = numbersOf(to, blocks, weight, [2, 3], width, group);
  const matrix = to.computed('float32', [columns, rows], (index) => number(index % rows, Math.floor(index / rows)));
  if (!to.has(5)) to.give('MatMul', [to.input(0), matrix]);
  else to.give('Add', [to.add('MatMul', [to.input(0), matrix]), to.input(5)]);
} // biome-ignore format: one condition

/** The numbers that 4 bits stand for in MatMulBnb4: floats of 4 bits as bitsandbytes has them, and the quantiles of a normal distribution. */
const fp4 = [0, 0.0052083334885537624, 0.6666666865348816, 1, 0.3333333432674408, 0.5, 0.1666666716337204, 0.25];
const bnb4 = [
  [...fp4, ...fp4.map((value) => -value)],
  [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ],
]; // biome-ignore format: tables

/** y = A · Wᵀ, with W of `[N, K]` in blocks that go on from row to row, the higher bits of a byte first. */
export function MatMulBnb4(to: Expansion): void {
  const { attributes } = to;
  const [columns, rows] = [attributes.number('K', 0), attributes.number('N', 0)];
  const [block, kind] = [attributes.number('block_size', 0), attributes.number('quant_type', 0)];
  attributes.require('training_mode', 0);
  attributes.require('transB', 1);
  attributes.finish();
  const numbers = bnb4[kind];
  if (numbers === undefined) throw opUnsupported(to.node, `quant_type ${kind}, only 0 (FP4) and 1 (NF4) are implemented`);
  readBlocks(to, 4, block, rows, columns);
  const weight = constantAt(to, 1, Math.ceil((rows * columns) / 2), 'weights').data;
  const scale = constantAt(to, 2, Math.ceil((rows * columns) / block), 'scales').data;
  const matrix = to.computed('float32', [columns, rows], (index) => {
    const at = (index % rows) * columns + Math.floor(index / rows);
    return numbers[(weight[at >> 1]! >> (at % 2 === 0 ? 4 : 0)) & 15]! * scale[Math.floor(at / block)]!;
  });
  to.give('MatMul', [to.input(0), matrix]);
} // biome-ignore format: one condition

/** Rows of a table whose last dimension is in blocks. */
export function GatherBlockQuantized(to: Expansion): void {
  const { attributes } = to;
  const table = to.constant(0);
  if (table === undefined) throw opUnsupported(to.node, 'a computed table, only a constant one is implemented');
  const [given, block] = [attributes.number('bits', 4), attributes.number('block_size', 128)];
  const axis = attributes.number('gather_axis', 0);
  const along = attributes.number('quantize_axis', 1);
  attributes.finish();
  const last = table.shape.length - 1;
  if (axis !== 0 || (along !== last && along !== -1))
    throw opUnsupported(to.node, `gather_axis ${axis} and quantize_axis ${along}, only the first and the last dimension are implemented`);
  const isPacked = table.type === 'uint8';
  const columns = (table.shape[last] ?? 0) * (isPacked ? 8 / given : 1);
  const blocks = readBlocks(to, given, block, sizeOf(table.shape.slice(0, -1)), columns);
  const groups = Math.ceil(columns / block);
  const scale = constantAt(to, 2, blocks.rows * groups, 'scales').data;
  const zeroPoint = to.has(3) || isPacked ? zeroPointsOf(to, 3, blocks, groups) : () => 0;
  const number = (row: number, at: number): number =>
    isPacked ? integerAt(table, given, row, table.shape[last]!, at) : table.data[row * columns + at]!;
  const numbers = to.computed('float32', [...table.shape.slice(0, -1), columns], (index) => {
    const [row, at] = [Math.floor(index / columns), index % columns];
    const group = Math.floor(at / block);
    return (number(row, at) - zeroPoint(row, group)) * scale[row * groups + group]!;
  });
  to.give('Gather', [numbers, to.input(1)], { axis: 0 });
} // biome-ignore format: one call

/**
 * What ONNX's Attention adds to its scores: the mask of the file, a band of keys about each query (causal, windows of opset 25), and the
 * padding of a cache of opset 24. Formulas: https://onnx.ai/onnx/operators/onnx__Attention.html, with the errata of ONNX 1.23.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { dependsOnBatch } from '../constant.ts';
import type { Expansion } from './expansion.ts';

/** How many keys before and behind its own place a query sees. */
export interface Band {
  readonly before: number;
  readonly behind: number;
}

export const causalBand: Band = { before: Infinity, behind: 0 };

const isIn = (distance: number, { before, behind }: Band): boolean => distance <= behind && -distance <= before;

/** Row i lies at the place i + `offset` among the keys. */
export const bandMask = (to: Expansion, rows: number, keys: number, offset: number, band: Band): string =>
  to.computed('float32', [rows, keys], (index) =>
    isIn((index % keys) - Math.floor(index / keys) - offset, band) ? 0 : -Infinity,
  );

/** Whether rows of such a mask see no key at all: those that lie too far behind the last. */
const bandLeavesNothing = (rows: number, keys: number, offset: number, { before }: Band): boolean =>
  rows - 1 + offset - before > keys - 1;

/** A mask of truth as numbers to add. */
export const asBias = (to: Expansion, mask: string, masked = -Infinity): string =>
  to.add('Where', [mask, to.number(0), to.number(masked)]);

/** Several of which some may be left out, as one. */
export function sumOfBiases(to: Expansion, biases: readonly (string | undefined)[]): string | undefined {
  const given = biases.filter((bias) => bias !== undefined);
  return given.length === 0 ? undefined : given.reduce((sum, bias) => to.add('Add', [sum, bias]));
}

/** The mask of input 3, whose last dimension may end early: what is beyond is masked. */
export function maskOf(to: Expansion, keys: number): string | undefined {
  if (!to.has(3)) return undefined;
  const shape = to.shape(3);
  const constant = to.constant(3);
  if (shape.length < 1 || shape.length > 4) throw graphInvalid(to.node, `a mask of ${shape.length} dimensions.`);
  // The first dimension is that of the queries, which windows may be merged with.
  if (constant === undefined && (shape.length !== 4 || shape[0] !== to.shape(0)[0]))
    throw opUnsupported(to.node, 'a computed mask that is not [batch, heads, queries, keys]');
  const type = constant?.type ?? to.state.types.get(to.input(3)) ?? 'float32';
  const missing = keys - shape.at(-1)!;
  let mask = to.input(3);
  if (missing > 0) {
    const filler = [...shape.slice(0, -1).map((size) => (dependsOnBatch(size) ? 1 : size)), missing];
    mask = to.add('Concat', [mask, to.computed(type, filler, () => (type === 'bool' ? 0 : -Infinity))], { axis: shape.length - 1 }); // biome-ignore format: one call
  }
  return type === 'bool' ? asBias(to, mask) : mask;
}

/** Keys that are no padding, of which input 6 has the number for each item; the last queries lie at the last of them. */
function ofCache(to: Expansion, rows: number, keys: number, band: Band): string {
  const count = to.reshape(to.input(6), 0, 1, 1, 1);
  const places = to.computed('int64', [keys], (index) => index);
  const seen = [to.add('Less', [places, count])];
  // Row i is at the place i + count - rows, and key j in its band if j - i + rows lies between count - before and count + behind.
  const distances = (beyond: number): string =>
    to.computed('int64', [rows, keys], (index) => (index % keys) - Math.floor(index / keys) + rows + beyond);
  if (band.behind < Infinity) seen.push(to.add('LessOrEqual', [distances(-band.behind), count]));
  if (band.before < Infinity) seen.push(to.add('GreaterOrEqual', [distances(band.before), count]));
  return asBias(to, seen.reduce((all, one) => to.add('And', [all, one]))); // biome-ignore format: one call
}

/** What a band and padding add, and whether that may leave a query no key. */
export function bandBias(
  to: Expansion,
  rows: number,
  keys: number,
  past: number,
  band: Band,
): { readonly bias: string | undefined; readonly mayLeaveNothing: boolean } {
  if (to.has(6)) {
    if (past > 0) throw graphInvalid(to.node, 'a past beside the number of keys that are no padding.');
    return { bias: ofCache(to, rows, keys, band), mayLeaveNothing: true };
  }
  if (band.before === Infinity && band.behind === Infinity) return { bias: undefined, mayLeaveNothing: false };
  return { bias: bandMask(to, rows, keys, past, band), mayLeaveNothing: bandLeavesNothing(rows, keys, past, band) };
}

/** `is_causal` and the windows of opset 25, of which -1 is none. */
export function readBand(to: Expansion): Band {
  const [before, behind] = ['left_window_size', 'right_window_size'].map((name) => {
    const size = to.attributes.number(name, -1);
    if (!Number.isInteger(size) || size < -1) throw graphInvalid(to.node, `${name} must be -1 or more, got ${size}.`);
    return size === -1 ? Infinity : size;
  }) as [number, number];
  return { before, behind: to.attributes.number('is_causal', 0) === 0 ? behind : 0 };
}

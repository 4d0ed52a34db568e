/**
 * MultiHeadAttention and Attention of onnxruntime (domain com.microsoft), as its optimiser and optimum write them.
 * Source: "ContribOperators.md" of onnxruntime.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { isBatch } from '../constant.ts';
import { attend, giveMerged, type Operand, splitHeads, withPast } from './attention.ts';
import { asBias, bandMask, causalBand, sumOfBiases } from './attention-masks.ts';
import type { Expansion } from './expansion.ts';

/** Attributes that both have. */
function readAttributes(to: Expansion) {
  const { attributes } = to;
  const heads = attributes.number('num_heads', 0);
  if (!Number.isInteger(heads) || heads < 1) throw graphInvalid(to.node, `num_heads ${heads} is no number of heads.`);
  const isCausal = attributes.number('unidirectional', 0) !== 0;
  return { heads, isCausal, masked: attributes.number('mask_filter_value', -10_000), scale: attributes.number('scale', 0) };
}

/** Masked keys get a number added: of `[batch, keys]` or `[batch, queries, keys]` those that are 0, of `[batch]` those beyond. */
function maskBias(to: Expansion, index: number, rows: number, keys: number, masked: number): string | undefined {
  if (!to.has(index)) return undefined;
  const shape = to.shapeOfRank(index, 1, 2, 3);
  const isOne = isBatch(shape[0]) || shape[0] === 1;
  const [name, ends] = [to.input(index), shape.slice(1)];
  if (!isOne || (ends.length > 0 && ends.at(-1) !== keys) || (ends.length === 2 && ends[0] !== rows))
    throw opUnsupported(to.node, `a mask that is not [batch], [batch, ${keys}] or [batch, ${rows}, ${keys}]`);
  if (ends.length === 0) {
    const count = to.reshape(name, 0, 1, 1, 1);
    const places = to.computed('int32', [keys], (at) => at);
    return asBias(to, to.add('Less', [places, count]), masked);
  }
  return asBias(to, to.add('Cast', [to.reshape(name, 0, 1, ...(ends.length === 1 ? [1, keys] : ends))], { to: 9 }), masked);
}

/** `[1 or batch, 1 or heads, queries, keys]`, added to the scores. */
function givenBias(to: Expansion, index: number): string | undefined {
  if (!to.has(index)) return undefined;
  to.shapeOfRank(index, 4);
  return to.input(index);
}

interface Parts {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
}

/** Queries, keys and values of `[batch, length, heads, count, width]`. */
function unpacked(to: Expansion, index: number, count: number, heads: number): Operand[] {
  const [, length, given, packed, width] = to.shapeOfRank(index, 5) as [number, number, number, number, number];
  if (given !== heads || packed !== count)
    throw graphInvalid(to.node, `input ${index} does not hold ${count} times ${heads} heads.`);
  return Array.from({ length: count }, (_, at) => {
    const part = to.reshape(to.slice(to.input(index), 3, at, at + 1), 0, length, heads, width);
    return { name: to.transpose(part, 0, 2, 1, 3), heads, length, width };
  });
}

/** A part of the bias that input 3 holds for queries, keys and values together. */
function biased(to: Expansion, name: string, from: number, size: number): string {
  return to.has(3) ? to.add('Add', [name, to.slice(to.input(3), 0, from, from + size)]) : name;
}

function multiHeadParts(to: Expansion, heads: number): Parts {
  const rank = to.shapeOfRank(0, 3, 5).length;
  const isSeparate = rank === 3 && to.has(1) && to.shapeOfRank(1, 3, 4, 5).length === 3;
  if (to.has(3) && !isSeparate) throw opUnsupported(to.node, 'a bias of packed or of past keys');
  if (rank === 5) {
    const [q, k, v] = unpacked(to, 0, 3, heads) as [Operand, Operand, Operand];
    return { q, k, v };
  }
  const [, length, size] = to.shape(0) as [number, number, number];
  const q = splitHeads(to, biased(to, to.input(0), 0, size), length, size, heads);
  const keys = to.shapeOfRank(1, 3, 4, 5);
  if (keys.length === 5) {
    const [k, v] = unpacked(to, 1, 2, heads) as [Operand, Operand];
    return { q, k, v };
  }
  const [k, v] = [1, 2].map((index): Operand => {
    const shape = to.shapeOfRank(index, keys.length);
    if (shape.length === 4) return { name: to.input(index), heads: shape[1]!, length: shape[2]!, width: shape[3]! };
    return splitHeads(to, biased(to, to.input(index), index * size, shape[2]!), shape[1]!, shape[2]!, heads);
  }) as [Operand, Operand];
  return { q, k, v };
}

export function MultiHeadAttention(to: Expansion): void {
  const { heads, isCausal, masked, scale } = readAttributes(to);
  to.attributes.finish();
  if (to.has(8) || to.has(9)) throw opUnsupported(to.node, 'a buffer that past and present share');
  const { q, k, v } = multiHeadParts(to, heads);
  const [keys, values] = [withPast(to, 6, k), withPast(to, 7, v)];
  const causal = isCausal ? bandMask(to, q.length, keys.length, keys.length - k.length, causalBand) : undefined;
  const bias = sumOfBiases(to, [givenBias(to, 5), maskBias(to, 4, q.length, keys.length, masked), causal]);
  const factor = scale === 0 ? 1 / Math.sqrt(q.width) : scale;
  const { y, biased: scores } = attend(to, { q, k: keys, v: values, scale: factor, bias, softcap: 0 });
  giveMerged(to, y, { heads, width: v.width });
  to.hasOutputs(0, 1, 2, 3);
  to.also(1, keys.name);
  to.also(2, values.name);
  to.also(3, scores);
}

interface Projected {
  readonly heads: number;
  readonly isCausal: boolean;
  readonly masked: number;
  readonly scale: number;
  /** Queries, keys and values side by side. */
  readonly name: string;
  readonly sizes: readonly number[];
  readonly mask: number;
  readonly bias: number;
}

/** Each of the three takes its columns of the product. */
function giveAttended(to: Expansion, { heads, isCausal, masked, scale, name, sizes, mask, bias }: Projected): void {
  const [, length] = to.shapeOfRank(0, 3) as [number, number];
  const [q, k, v] = sizes.map((size, index) => {
    const from = sizes.slice(0, index).reduce((sum, before) => sum + before, 0);
    return splitHeads(to, to.slice(name, 2, from, from + size), length, size, heads);
  }) as [Operand, Operand, Operand];
  const causal = isCausal ? bandMask(to, length, length, 0, causalBand) : undefined;
  const added = sumOfBiases(to, [bias < 0 ? undefined : givenBias(to, bias), maskBias(to, mask, length, length, masked), causal]); // biome-ignore format: one call
  const factor = scale === 0 ? 1 / Math.sqrt(q.width) : scale;
  giveMerged(to, attend(to, { q, k, v, scale: factor, bias: added, softcap: 0 }).y, v);
}

/** The projection to queries, keys and values is part of it: one product. */
export function MicrosoftAttention(to: Expansion): void {
  const given = readAttributes(to);
  to.attributes.require('do_rotary', 0);
  to.attributes.require('past_present_share_buffer', 0);
  const columns = to.shapeOfRank(1, 2)[1]!;
  const sizes = to.attributes.numbers('qkv_hidden_sizes', [columns / 3, columns / 3, columns / 3], 3);
  to.attributes.number('rotary_embedding_dim', 0); // only with do_rotary
  to.attributes.finish();
  if (to.has(4) || to.has(6)) throw opUnsupported(to.node, 'past keys and values');
  to.hasOutputs(0);
  if (sizes[0]! + sizes[1]! + sizes[2]! !== columns) throw graphInvalid(to.node, 'its hidden sizes do not fit its weights.');
  const product = to.add('MatMul', [to.input(0), to.input(1)]);
  const name = to.has(2) ? to.add('Add', [product, to.input(2)]) : product;
  giveAttended(to, { ...given, name, sizes, mask: 3, bias: 5 });
}

/** The same with a product of integers. */
export function QAttention(to: Expansion): void {
  const given = readAttributes(to);
  to.attributes.require('do_rotary', 0);
  to.attributes.require('past_present_share_buffer', 0);
  to.attributes.finish();
  if (to.has(8)) throw opUnsupported(to.node, 'past keys and values');
  to.hasOutputs(0);
  const columns = to.shapeOfRank(1, 2)[1]!;
  const product = to.add('MatMulInteger', [to.input(0), to.input(1), to.optional(6), to.optional(7)]);
  const scaled = to.add('Mul', [to.add('Cast', [product], { to: 1 }), to.add('Mul', [to.input(3), to.input(4)])]);
  const name = to.has(2) ? to.add('Add', [scaled, to.input(2)]) : scaled;
  giveAttended(to, { ...given, name, sizes: [columns / 3, columns / 3, columns / 3], mask: 5, bias: -1 });
}

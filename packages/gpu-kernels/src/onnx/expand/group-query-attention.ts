/**
 * GroupQueryAttention of onnxruntime (domain com.microsoft): causal attention whose keys several heads of queries share, with
 * turned pairs of numbers where it asks for them. Of a whole sequence: with keys and values of the past a file is one step of
 * a text that is being written. Source: "ContribOperators.md" of onnxruntime.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { attend, giveMerged, type Operand } from './attention.ts';
import { asBias, sumOfBiases } from './attention-masks.ts';
import type { Expansion } from './expansion.ts';
import { rotate } from './rotary.ts';

interface Grouped {
  readonly heads: number;
  readonly shared: number;
  readonly length: number;
  readonly width: number;
}

/** Queries, keys and values `[batch, length, heads, width]`; side by side in the first input where there is no second. */
function partsOf(to: Expansion, heads: number, shared: number): { readonly of: Grouped; readonly names: readonly string[] } {
  const [, length, size] = to.shapeOfRank(0, 3) as [number, number, number];
  const isPacked = !to.has(1);
  const width = size / (isPacked ? heads + 2 * shared : heads);
  const counts = [heads, shared, shared];
  if (!Number.isInteger(width) || !Number.isInteger(heads / shared))
    throw graphInvalid(to.node, `${size} numbers do not fall into ${heads} heads that share ${shared}.`);
  const names = counts.map((count, index) => {
    const from = counts.slice(0, index).reduce((sum, before) => sum + before * width, 0);
    const given = to.shapeOfRank(isPacked ? 0 : index, 3);
    if (!isPacked && (given[1] !== length || given[2] !== count * width))
      throw graphInvalid(to.node, `input ${index} does not hold ${length} times ${count} heads of ${width}.`);
    const part = isPacked ? to.slice(to.input(0), 2, from, from + count * width) : to.input(index);
    return to.reshape(part, 0, 0, count, width);
  });
  return { of: { heads, shared, length, width }, names };
}

/** Angles of the places 0, 1, 2, … or of those that input 9 gives, for all heads: `[batch, length, 1, half]`. */
function anglesOf(to: Expansion, table: number, length: number): string {
  if (to.shapeOfRank(table, 2)[0]! < length)
    throw graphInvalid(to.node, `input ${table} has no angles for ${length} places.`);
  const rows = to.has(9)
    ? to.add('Gather', [to.input(table), to.input(9)], { axis: 0 })
    : to.add('Unsqueeze', [to.slice(to.input(table), 0, 0, length), to.integers(0)]);
  return to.add('Unsqueeze', [rows, to.integers(2)]);
}

/** Keys up to the row's own place, no further back than `window`, and none of an item's padding, of which input 5 says where it begins. */
function maskOf(to: Expansion, length: number, window: number): string | undefined {
  const isSeen = (row: number, key: number): boolean => key <= row && (window < 0 || key > row - window);
  const causal = to.computed('float32', [length, length], (at) => isSeen(Math.floor(at / length), at % length) ? 0 : -Infinity); // biome-ignore format: one call
  const last = to.constant(5);
  const isWhole = last?.data.every((value) => value >= length - 1) ?? false;
  const places = to.computed('int32', [length], (at) => at);
  const inside = isWhole ? undefined : asBias(to, to.add('LessOrEqual', [places, to.reshape(to.input(5), 0, 1, 1, 1)]));
  return sumOfBiases(to, [causal, inside, to.has(10) ? to.input(10) : undefined]);
}

export function GroupQueryAttention(to: Expansion): void {
  const { attributes } = to;
  const [heads, shared] = [attributes.number('num_heads', 0), attributes.number('kv_num_heads', 0)];
  const given = attributes.number('scale', 0);
  const softcap = attributes.number('softcap', 0);
  const isTurned = attributes.number('do_rotary', 0) !== 0;
  const isInterleaved = attributes.number('rotary_interleaved', 0) !== 0;
  const window = attributes.number('local_window_size', -1);
  attributes.require('smooth_softmax', 0);
  attributes.require('qk_output', 0);
  attributes.number('kv_cache_bit_width', 0);
  for (const name of ['k_quant_type', 'v_quant_type'])
    if (attributes.string(name, 'NONE') !== 'NONE') throw opUnsupported(to.node, 'quantised keys and values of the past');
  attributes.finish();
  if (!(heads >= 1 && shared >= 1)) throw graphInvalid(to.node, `${heads} heads that share ${shared} are none.`);
  if (to.has(3) || to.has(4)) throw opUnsupported(to.node, 'keys and values of the past: the file writes a text token by token. Export it without a cache (use_cache=False), so that it reads a whole text'); // biome-ignore format: one condition
  if (to.has(11)) throw opUnsupported(to.node, 'a sink for each head');
  to.hasOutputs(0, 1, 2);
  const { of, names } = partsOf(to, heads, shared);
  const turned = (name: string): string => {
    if (!isTurned) return name;
    const [cos, sin] = [7, 8].map((table) => anglesOf(to, table, of.length)) as [string, string];
    const pairs = 2 * to.shape(7).at(-1)!;
    if (pairs > of.width) throw graphInvalid(to.node, `${pairs} of ${of.width} numbers a head cannot be turned.`);
    return rotate(to, { x: name, width: of.width, turned: pairs, cos, sin, isInterleaved });
  };
  const operand = (index: number, count: number): Operand => {
    const name = index < 2 ? turned(names[index]!) : names[index]!;
    return { name: to.transpose(name, 0, 2, 1, 3), heads: count, length: of.length, width: of.width };
  };
  const [q, k, v] = [operand(0, heads), operand(1, shared), operand(2, shared)];
  const scale = given === 0 ? 1 / Math.sqrt(of.width) : given;
  const bias = maskOf(to, of.length, window);
  giveMerged(to, attend(to, { q, k, v, scale, bias, softcap }).y, q);
  to.also(1, k.name);
  to.also(2, v.name);
}

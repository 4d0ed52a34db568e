/**
 * Attention of opset 23 and 24 as products and a softmax, which the planner joins to one step where no scores are read.
 * Formulas: the operator reference of ONNX, https://onnx.ai/onnx/operators/onnx__Attention.html.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { batchEntry, dependsOnBatch } from '../constant.ts';
import type { Expansion } from './expansion.ts';
import { rowsSeen } from './masked-rows.ts';

/** Matrices `[batch, heads, length, width]` by name. */
export interface Operand {
  readonly name: string;
  readonly heads: number;
  readonly length: number;
  readonly width: number;
}

export interface Scores {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
  readonly scale: number;
  /** Added to the scores. */
  readonly bias: string | undefined;
  /** 0: none. */
  readonly softcap: number;
  /** Whether what is added to the scores is added behind the cap. */
  readonly capsFirst?: boolean;
}

/** `[batch, length, heads · width]` → matrices a head. */
export function splitHeads(to: Expansion, name: string, length: number, size: number, heads: number): Operand {
  const width = size / heads;
  if (!Number.isInteger(heads) || heads < 1 || !Number.isInteger(width))
    throw graphInvalid(to.node, `${size} numbers do not fall into ${heads} heads.`);
  return { name: to.transpose(to.reshape(name, 0, 0, heads, width), 0, 2, 1, 3), heads, length, width };
}

/** Back to `[batch, length, heads · width]`, as the output of the node. */
export function giveMerged(to: Expansion, name: string, { heads, width }: Pick<Operand, 'heads' | 'width'>): void {
  to.give('Reshape', [to.transpose(name, 0, 2, 1, 3), to.integers(0, 0, heads * width)]);
}

/** Keys and values that several heads of queries share, one for each of those. */
function repeatHeads(to: Expansion, operand: Operand, heads: number): string {
  if (operand.heads === heads) return operand.name;
  const shared = heads / operand.heads;
  if (!Number.isInteger(shared))
    throw graphInvalid(to.node, `${heads} heads of queries do not share ${operand.heads} heads.`);
  const apart = to.reshape(operand.name, 0, operand.heads, 1, operand.length, operand.width);
  const shape = to.tensor('int64', [5], [batchEntry, operand.heads, shared, operand.length, operand.width]);
  return to.reshape(to.add('Expand', [apart, shape]), 0, heads, operand.length, operand.width);
}

/** What is computed on the way, for those who read it. */
export interface Attended {
  readonly product: string;
  readonly biased: string;
  readonly capped: string;
  readonly weights: string;
  readonly y: string;
}

export function attend(to: Expansion, { q, k, v, scale, bias, softcap, capsFirst = false }: Scores): Attended {
  if (k.width !== q.width || k.length !== v.length || k.heads !== v.heads)
    throw graphInvalid(to.node, 'queries, keys and values do not fit together.');
  const turned = to.transpose(repeatHeads(to, k, q.heads), 0, 1, 3, 2);
  const product = to.add('Mul', [to.add('MatMul', [q.name, turned]), to.number(scale)]);
  const cap = to.number(softcap);
  const withBias = (scores: string): string => (bias === undefined ? scores : to.add('Add', [scores, bias]));
  const withCap = (scores: string): string =>
    softcap > 0 ? to.add('Mul', [to.add('Tanh', [to.add('Div', [scores, cap])]), cap]) : scores;
  const biased = capsFirst ? withBias(withCap(product)) : withBias(product);
  const capped = capsFirst ? biased : withCap(biased);
  const weights = to.add('Softmax', [capped], { axis: -1 });
  const y = to.add('MatMul', [weights, repeatHeads(to, v, q.heads)]);
  return { product, biased, capped, weights, y };
}

/** Row i sees the keys up to i + `offset`. */
export const causalMask = (to: Expansion, rows: number, keys: number, offset: number): string =>
  to.computed('float32', [rows, keys], (index) => (index % keys > Math.floor(index / keys) + offset ? -Infinity : 0));

/** A mask of truth as numbers to add. */
export const asBias = (to: Expansion, mask: string, masked = -Infinity): string =>
  to.add('Where', [mask, to.number(0), to.number(masked)]);

/** Several of which some may be left out, as one. */
export function sumOfBiases(to: Expansion, biases: readonly (string | undefined)[]): string | undefined {
  const given = biases.filter((bias) => bias !== undefined);
  return given.length === 0 ? undefined : given.reduce((sum, bias) => to.add('Add', [sum, bias]));
}

/** Past keys or values before those of now. */
export function withPast(to: Expansion, past: number, now: Operand): Operand {
  if (!to.has(past)) return now;
  const shape = to.shapeOfRank(past, 4);
  if (shape[1] !== now.heads || shape[3] !== now.width)
    throw graphInvalid(to.node, `input ${past}, of the past, does not fit the present.`);
  return { ...now, name: to.add('Concat', [to.input(past), now.name], { axis: 2 }), length: shape[2]! + now.length };
}

/** The mask of input 3, whose last dimension may end early: what is beyond is masked. */
function maskOf(to: Expansion, keys: number): string | undefined {
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

/** Keys of each item that are no padding: `nonpad_kv_seqlen` of opset 24. */
function paddingBias(to: Expansion, keys: number): string | undefined {
  if (!to.has(6)) return undefined;
  const count = to.reshape(to.input(6), 0, 1, 1, 1);
  const places = to.computed('int64', [keys], (index) => index);
  return asBias(to, to.add('Less', [places, count]));
}

function operandOf(to: Expansion, index: number, heads: number): Operand {
  const shape = to.shapeOfRank(index, 3, 4);
  if (shape.length === 3) return splitHeads(to, to.input(index), shape[1]!, shape[2]!, heads);
  if (heads !== 0 && heads !== shape[1])
    throw graphInvalid(to.node, `input ${index} has ${shape[1]} heads, the attribute says ${heads}.`);
  return { name: to.input(index), heads: shape[1]!, length: shape[2]!, width: shape[3]! };
}

export function Attention(to: Expansion): void {
  const { attributes } = to;
  const q = operandOf(to, 0, attributes.number('q_num_heads', 0));
  const heads = attributes.number('kv_num_heads', 0);
  const [k, v] = [1, 2].map((index) => operandOf(to, index, heads)) as [Operand, Operand];
  const isCausal = attributes.number('is_causal', 0) !== 0;
  const scale = attributes.number('scale', 1 / Math.sqrt(q.width));
  const softcap = attributes.number('softcap', 0);
  const mode = attributes.number('qk_matmul_output_mode', 0);
  // Whatever it asks for, the softmax is float32.
  if (![0, 1, 10, 16].includes(attributes.number('softmax_precision', 1)))
    throw opUnsupported(to.node, 'a softmax in more than float32');
  attributes.finish();
  const [keys, values] = [withPast(to, 4, k), withPast(to, 5, v)];
  const causal = isCausal ? causalMask(to, q.length, keys.length, keys.length - k.length) : undefined;
  const bias = sumOfBiases(to, [maskOf(to, keys.length), causal, paddingBias(to, keys.length)]);
  const attended = attend(to, { q, k: keys, v: values, scale, bias, softcap });
  const ofSeen = rowsSeen(to, keys.length, bias, isCausal, to.has(6));
  const y = ofSeen(attended.y);
  if (to.shape(0).length === 3) giveMerged(to, y, { heads: q.heads, width: v.width });
  else to.give('Identity', [y]);
  to.also(1, keys.name);
  to.also(2, values.name);
  const weights = to.isRead(3) && mode === 3 ? ofSeen(attended.weights) : attended.weights;
  const scores = [attended.product, attended.biased, attended.capped, weights][mode];
  if (scores === undefined) throw graphInvalid(to.node, `qk_matmul_output_mode ${mode} is none.`);
  to.also(3, scores);
}

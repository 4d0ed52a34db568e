/**
 * Attention of opset 23 to 25 as products and a softmax, which the planner joins to one step where no scores are read.
 * Formulas: the operator reference of ONNX, https://onnx.ai/onnx/operators/onnx__Attention.html.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { batchEntry } from '../constant.ts';
import { bandBias, maskOf, readBand, sumOfBiases } from './attention-masks.ts';
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
  /** Added to the scores behind the cap, so that what it masks stays masked. */
  readonly bias: string | undefined;
  /** 0: none. */
  readonly softcap: number;
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
  readonly capped: string;
  readonly biased: string;
  readonly weights: string;
  readonly y: string;
}

export function attend(to: Expansion, { q, k, v, scale, bias, softcap }: Scores): Attended {
  if (k.width !== q.width || k.length !== v.length || k.heads !== v.heads)
    throw graphInvalid(to.node, 'queries, keys and values do not fit together.');
  const turned = to.transpose(repeatHeads(to, k, q.heads), 0, 1, 3, 2);
  const product = to.add('Mul', [to.add('MatMul', [q.name, turned]), to.number(scale)]);
  const cap = to.number(softcap);
  const capped = softcap > 0 ? to.add('Mul', [to.add('Tanh', [to.add('Div', [product, cap])]), cap]) : product;
  const biased = bias === undefined ? capped : to.add('Add', [capped, bias]);
  const weights = to.add('Softmax', [biased], { axis: -1 });
  const y = to.add('MatMul', [weights, repeatHeads(to, v, q.heads)]);
  return { product, capped, biased, weights, y };
}

/** Past keys or values before those of now. */
export function withPast(to: Expansion, past: number, now: Operand): Operand {
  if (!to.has(past)) return now;
  const shape = to.shapeOfRank(past, 4);
  if (shape[1] !== now.heads || shape[3] !== now.width)
    throw graphInvalid(to.node, `input ${past}, of the past, does not fit the present.`);
  return { ...now, name: to.add('Concat', [to.input(past), now.name], { axis: 2 }), length: shape[2]! + now.length };
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
  const band = readBand(to);
  const scale = attributes.number('scale', 1 / Math.sqrt(q.width));
  const softcap = attributes.number('softcap', 0);
  const mode = attributes.number('qk_matmul_output_mode', 0);
  // Whatever it asks for, the softmax is float32.
  if (![0, 1, 10, 16].includes(attributes.number('softmax_precision', 1)))
    throw opUnsupported(to.node, 'a softmax in more than float32');
  attributes.finish();
  const [keys, values] = [withPast(to, 4, k), withPast(to, 5, v)];
  const seen = bandBias(to, q.length, keys.length, keys.length - k.length, band);
  const bias = sumOfBiases(to, [maskOf(to, keys.length), seen.bias]);
  const attended = attend(to, { q, k: keys, v: values, scale, bias, softcap });
  const ofSeen = rowsSeen(to, keys.length, bias, seen.bias !== undefined, seen.mayLeaveNothing);
  const y = ofSeen(attended.y);
  if (to.shape(0).length === 3) giveMerged(to, y, { heads: q.heads, width: v.width });
  else to.give('Identity', [y]);
  to.also(1, keys.name);
  to.also(2, values.name);
  const weights = to.isRead(3) && mode === 3 ? ofSeen(attended.weights) : attended.weights;
  const scores = [attended.product, attended.capped, attended.biased, weights][mode];
  if (scores === undefined) throw graphInvalid(to.node, `qk_matmul_output_mode ${mode} is none.`);
  to.also(3, scores);
}

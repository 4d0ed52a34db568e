/**
 * CausalConvWithState and LinearAttention of opset 27: the layers of Mamba, gated DeltaNet and their like, over a sequence whose length
 * the file fixes. Formulas: https://onnx.ai/onnx/operators/onnx__LinearAttention.html, onnx__CausalConvWithState.html.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { showShape } from '../../graph/shapes.ts';
import { dependsOnBatch } from '../constant.ts';
import type { Expansion } from './expansion.ts';
import { spendSteps } from './recurrent.ts';

/** What is left out or a constant of zeros adds nothing. */
const given = (to: Expansion, index: number): string | undefined =>
  to.has(index) && !to.constant(index)?.data.every((value) => value === 0) ? to.input(index) : undefined;

export function CausalConvWithState(to: Expansion): void {
  const activation = to.attributes.string('activation', 'none');
  to.attributes.finish();
  if (!['none', 'silu', 'swish'].includes(activation)) throw graphInvalid(to.node, `activation "${activation}" is none.`);
  const [, channels, length] = to.shapeOfRank(0, 3) as [number, number, number];
  const weight = to.shapeOfRank(1, 3);
  if (weight[0] !== channels || weight[1] !== 1)
    throw graphInvalid(to.node, `a filter ${showShape(weight)} for ${channels} channels.`);
  if (dependsOnBatch(length)) throw opUnsupported(to.node, 'a sequence along the batch');
  const before = weight[2]! - 1;
  const past = given(to, 3);
  if (past !== undefined && to.shapeOfRank(3, 3)[2] !== before)
    throw graphInvalid(to.node, `a past of ${to.shape(3)[2]} places for a filter of ${weight[2]}.`);
  if (before === 0 && to.isRead(1)) throw opUnsupported(to.node, 'a state that holds nothing');
  const padded = () =>
    past === undefined
      ? to.add('Pad', [to.input(0), to.integers(0, 0, before, 0, 0, 0)])
      : to.add('Concat', [past, to.input(0)], { axis: 2 });
  const x = before === 0 ? to.input(0) : padded();
  const inputs = [x, to.input(1), ...(to.has(2) ? [to.input(2)] : [])];
  if (activation === 'none') to.give('Conv', inputs, { group: channels });
  else to.give('Swish', [to.add('Conv', inputs, { group: channels })]);
  to.also(1, before === 0 ? x : to.slice(x, 2, length, length + before));
}

interface Linear {
  readonly to: Expansion;
  readonly length: number;
  readonly heads: number;
  /** Heads of queries that share one of keys. */
  readonly shared: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly scale: number;
  /** `[batch, heads, keySize, valueSize]`; undefined where it is 0. */
  readonly past: string | undefined;
  readonly rule: string;
}

function readLinear(to: Expansion): Linear {
  const [queryHeads, heads] = ['q_num_heads', 'kv_num_heads'].map((name) => to.attributes.number(name, 0)) as [number, number]; // biome-ignore format: one line
  const rule = to.attributes.string('update_rule', 'gated_delta');
  const scale = to.attributes.number('scale', 0);
  to.attributes.number('chunk_size', 64); // how it may be computed, not what
  to.attributes.finish();
  const [[, length, queries], [, keyed, keys], [, valued, values]] = [0, 1, 2].map((index) => to.shapeOfRank(index, 3)) as [number[], number[], number[]]; // biome-ignore format: one line
  const [keySize, valueSize, shared] = [keys! / heads, values! / heads, queryHeads / heads];
  if (![keySize, valueSize, shared].every((size) => Number.isInteger(size) && size >= 1) || queries !== queryHeads * keySize)
    throw graphInvalid(to.node, `${queries}, ${keys} and ${values} numbers do not fall into ${queryHeads} and ${heads} heads.`); // biome-ignore format: one condition
  if (keyed !== length || valued !== length) throw graphInvalid(to.node, 'queries, keys and values of different lengths.');
  if (dependsOnBatch(length!)) throw opUnsupported(to.node, 'a sequence along the batch');
  if (!['linear', 'gated', 'delta', 'gated_delta'].includes(rule))
    throw graphInvalid(to.node, `update_rule "${rule}" is none.`);
  if (rule.includes('gated') !== to.has(4) || rule.includes('delta') !== to.has(5))
    throw graphInvalid(to.node, `update_rule "${rule}" does not go with the inputs that are there.`);
  const past = given(to, 3);
  if (past !== undefined && showShape(to.shapeOfRank(3, 4).slice(1)) !== showShape([heads, keySize, valueSize]))
    throw graphInvalid(to.node, `a past of ${showShape(to.shape(3).slice(1))} for ${heads} heads of ${keySize} x ${valueSize}.`); // biome-ignore format: one condition
  return { to, length: length!, heads, shared, keySize, valueSize, scale: scale === 0 ? 1 / Math.sqrt(keySize) : scale, past, rule }; // biome-ignore format: one object
}

/** Without gates it is attention without a softmax: (q kᵀ) v of the keys up to the query's own, and q times what was before. */
function products({ to, length, heads, shared, keySize, valueSize, past }: Linear): { y: string; state: string } {
  // [batch, heads, shared · length, …]: queries that share keys lie behind each other.
  const q = to.reshape(to.transpose(to.reshape(to.input(0), 0, length, heads, shared, keySize), 0, 2, 3, 1, 4), 0, heads, shared * length, keySize); // biome-ignore format: one expression
  const [k, v] = ([[1, keySize], [2, valueSize]] as const).map(([index, size]) => to.transpose(to.reshape(to.input(index), 0, length, heads, size), 0, 2, 1, 3)) as [string, string]; // biome-ignore format: one line
  const turned = to.transpose(k, 0, 1, 3, 2);
  const seen = to.computed('float32', [shared * length, length], (at) => Number(at % length <= Math.floor(at / length) % length)); // biome-ignore format: one line
  const own = to.add('MatMul', [to.add('Mul', [to.add('MatMul', [q, turned]), seen]), v]);
  const y = past === undefined ? own : to.add('Add', [own, to.add('MatMul', [q, past])]);
  const made = to.add('MatMul', [turned, v]);
  const apart = to.transpose(to.reshape(y, 0, heads, shared, length, valueSize), 0, 3, 1, 2, 4);
  return { y: apart, state: past === undefined ? made : to.add('Add', [past, made]) };
}

/** S = e^g S + k (β (v − kᵀ e^g S)), o = q S, one step after the other; without β, or without g, what has it is left out. */
function steps({ to, length, heads, shared, keySize, valueSize, past }: Linear): { y: string; state: string } {
  spendSteps(to, length);
  const gates = to.has(4) ? to.add('Exp', [to.input(4)]) : undefined;
  const gateSize = gates === undefined || to.shapeOfRank(4, 3)[2] === heads ? 1 : keySize;
  if (gates !== undefined && to.shape(4)[2] !== heads * gateSize) throw graphInvalid(to.node, `decays of ${to.shape(4)[2]} numbers for ${heads} heads of ${keySize}.`); // biome-ignore format: one condition
  const rates = to.has(5) ? to.shapeOfRank(5, 3)[2]! : 1;
  if (rates !== 1 && rates !== heads) throw graphInvalid(to.node, `rates of ${rates} numbers for ${heads} heads.`);
  const at = (name: string, step: number, ...shape: readonly number[]): string =>
    to.reshape(length === 1 ? name : to.slice(name, 1, step, step + 1), 0, ...shape);
  let state = past;
  const read = Array.from({ length }, (_, step) => {
    if (gates !== undefined && state !== undefined) state = to.add('Mul', [state, at(gates, step, heads, gateSize, 1)]);
    const k = at(to.input(1), step, heads, 1, keySize);
    let v = at(to.input(2), step, heads, 1, valueSize);
    if (to.has(5)) {
      const change = state === undefined ? v : to.add('Sub', [v, to.add('MatMul', [k, state])]);
      v = to.add('Mul', [change, at(to.input(5), step, rates, 1, 1)]);
    }
    const written = to.add('Mul', [to.transpose(k, 0, 1, 3, 2), v]);
    state = state === undefined ? written : to.add('Add', [state, written]);
    const o = to.add('MatMul', [at(to.input(0), step, heads, shared, keySize), state]);
    return to.reshape(o, 0, 1, heads, shared, valueSize);
  });
  return { y: length === 1 ? read[0]! : to.add('Concat', read, { axis: 1 }), state: state! };
}

export function LinearAttention(to: Expansion): void {
  const of = readLinear(to);
  const { y, state } = of.rule === 'linear' ? products(of) : steps(of);
  const merged = to.reshape(y, 0, of.length, of.heads * of.shared * of.valueSize);
  to.give('Mul', [merged, to.number(of.scale)]);
  to.also(1, state);
}

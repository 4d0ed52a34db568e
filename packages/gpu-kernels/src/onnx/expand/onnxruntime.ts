/**
 * Ops that onnxruntime's optimiser puts in place of several of ONNX (domain com.microsoft), as those again.
 * Source: "ContribOperators.md" of onnxruntime.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { isBatch } from '../constant.ts';
import { GatherBlockQuantized, MatMulBnb4, MatMulNBits } from './block-quantized.ts';
import type { Expand, Expansion } from './expansion.ts';
import { GroupQueryAttention } from './group-query-attention.ts';
import { MicrosoftAttention, MultiHeadAttention, QAttention } from './onnxruntime-attention.ts';
import { MicrosoftRotaryEmbedding } from './rotary.ts';

/** Inputs that are there, added up. */
const sumOf = (to: Expansion, ...indices: readonly number[]): string =>
  indices
    .filter((index) => to.has(index))
    .map((index) => to.input(index))
    .reduce((sum, name) => to.add('Add', [sum, name]));

/** Activations by the name that fused ops give, and what their parameters are called. */
const activations: Readonly<Record<string, readonly string[]>> = {
  Relu: [], Tanh: [], Sigmoid: [], Softplus: [], Softsign: [], HardSwish: [], Elu: ['alpha'], LeakyRelu: ['alpha'], Selu: ['alpha', 'gamma'],
  ThresholdedRelu: ['alpha'], HardSigmoid: ['alpha', 'beta'],
}; // biome-ignore format: a table

/** The last node: an activation, or none. */
function giveActivated(to: Expansion, name: string, kind: string, parameters: readonly number[]): void {
  const [low, high] = parameters;
  const names = Object.hasOwn(activations, kind) ? activations[kind] : undefined;
  if (kind === '') to.give('Identity', [name]);
  else if (kind === 'Clip')
    to.give('Clip', [name, low === undefined ? '' : to.number(low), high === undefined ? '' : to.number(high)]); // biome-ignore format: one call
  else if (names === undefined) throw opUnsupported(to.node, `activation ${kind}`);
  else {
    const given = names.flatMap((parameter, at) => (parameters[at] === undefined ? [] : [[parameter, parameters[at]]]));
    to.give(kind, [name], Object.fromEntries(given) as Record<string, number>);
  }
}

/** An operand of FusedMatMul: `transBatch` moves its first dimension behind the other leading ones, then `trans` turns its matrices. */
function operandOf(to: Expansion, index: number, letter: 'A' | 'B'): string {
  const isTurned = to.attributes.number(`trans${letter}`, 0) !== 0;
  const isMoved = to.attributes.number(`transBatch${letter}`, 0) !== 0;
  if (!isTurned && !isMoved) return to.input(index);
  const axes = to.shape(index).map((_, d) => d);
  if (axes.length < (isMoved ? 3 : 2)) throw graphInvalid(to.node, `input ${index} holds no matrices to turn.`);
  const moved = isMoved ? [...axes.slice(1, -1), 0, axes.at(-1)!] : axes;
  const perm = isTurned ? [...moved.slice(0, -2), moved.at(-1)!, moved.at(-2)!] : moved;
  return to.transpose(to.input(index), ...perm);
}

function FusedMatMul(to: Expansion): void {
  const inputs = [operandOf(to, 0, 'A'), operandOf(to, 1, 'B')];
  const alpha = to.attributes.number('alpha', 1);
  to.attributes.finish();
  if (alpha === 1) to.give('MatMul', inputs);
  else to.give('Mul', [to.add('MatMul', inputs), to.number(alpha)]);
}

function FusedGemm(to: Expansion): void {
  const fused = ['activation', 'activation_alpha', 'activation_beta', 'activation_gamma'] as const;
  const kind = to.attributes.string('activation', '');
  const parameters = fused.slice(1).flatMap((name) => (to.attributes.has(name) ? [to.attributes.number(name, 0)] : []));
  giveActivated(to, to.add('Gemm', to.node.inputs, to.attributesWithout(...fused)), kind, parameters);
}

/** activation(conv(x) + bias + z). */
function giveConv(to: Expansion, inputs: readonly string[], z: string, isLast: boolean): void {
  const kind = to.attributes.string('activation', '');
  const parameters = to.attributes.numbers('activation_params', []);
  const conv = to.add('Conv', inputs, to.attributesWithout('activation', 'activation_params'));
  const plain = isLast ? to.transpose(conv, 0, 2, 3, 1) : conv;
  giveActivated(to, z === '' ? plain : to.add('Add', [plain, z]), kind, parameters);
}

const FusedConv = (to: Expansion): void => giveConv(to, to.node.inputs.slice(0, 3), to.optional(3), false);

/** Images with channels last; the filter is ONNX's. */
function NhwcFusedConv(to: Expansion): void {
  to.shapeOfRank(0, 4);
  giveConv(to, [to.transpose(to.input(0), 0, 3, 1, 2), to.input(1), to.optional(2)], to.optional(3), true);
}

/** The filter's channels are last too, as onnxruntime's optimiser and kernels have them, whatever its description says. */
function NhwcConv(to: Expansion): void {
  const channels = to.shapeOfRank(0, 4)[3]! / to.attributes.number('group', 1);
  const filter = to.shapeOfRank(1, 4);
  if (filter[3] !== channels)
    throw opUnsupported(to.node, `a filter of ${filter[3]} channels in its last dimension, where its input has ${channels}`);
  const weight = to.transpose(to.input(1), 0, 3, 1, 2);
  giveConv(to, [to.transpose(to.input(0), 0, 3, 1, 2), weight, to.optional(2)], '', true);
}

/** Normalisation of a sum; the sum is an output too. `of` are its terms, `parameters` scale and bias. */
const skipNormalisation =
  (op: string, of: readonly number[], parameters: readonly number[]) =>
  (to: Expansion): void => {
    const epsilon = to.attributes.number('epsilon', 1e-12);
    to.attributes.finish();
    to.hasOutputs(0, 3);
    const sum = sumOf(to, ...of);
    to.give(op, [sum, ...parameters.map((index) => to.optional(index))], { epsilon, axis: -1 });
    to.also(3, sum);
  };

function SimplifiedLayerNormalization(to: Expansion): void {
  to.hasOutputs(0);
  to.give('RMSNormalization', [to.input(0), to.input(1)], to.node.attributes);
}

function EmbedLayerNormalization(to: Expansion): void {
  const epsilon = to.attributes.number('epsilon', 1e-12);
  to.attributes.number('mask_index_type', 0); // of output 1, which is refused
  to.attributes.finish();
  to.hasOutputs(0, 2);
  const [, length] = to.shapeOfRank(0, 2) as [number, number];
  const rows = (table: number, indices: number): string =>
    to.add('Gather', [to.input(table), to.input(indices)], { axis: 0 });
  const places = to.has(8) ? rows(3, 8) : to.slice(to.input(3), 0, 0, length);
  const embedded = to.add('Add', [rows(2, 0), places]);
  const sum = to.has(1) && to.has(4) ? to.add('Add', [embedded, rows(4, 1)]) : embedded;
  to.give('LayerNormalization', [sum, to.input(5), to.input(6)], { epsilon, axis: -1 });
  to.also(2, sum);
}

/** Of images with channels last, unless it says otherwise; `x` has them there. */
function giveGroupNorm(to: Expansion, x: string): void {
  const { attributes } = to;
  const isLast = attributes.number('channels_last', 1) !== 0;
  const activation = attributes.number('activation', 0);
  const parameters = { num_groups: attributes.number('groups', 0), epsilon: attributes.number('epsilon', 1e-5) };
  attributes.finish();
  if (activation !== 0 && activation !== 1) throw opUnsupported(to.node, `activation ${activation}`);
  to.shapeOfRank(0, 4);
  const images = isLast ? to.transpose(x, 0, 3, 1, 2) : x;
  const normal = to.add('GroupNormalization', [images, to.input(1), to.input(2)], parameters);
  const active = activation === 1 ? to.add('Swish', [normal]) : normal;
  if (isLast) to.give('Transpose', [active], { perm: [0, 2, 3, 1] });
  else to.give('Identity', [active]);
}

function GroupNorm(to: Expansion): void {
  giveGroupNorm(to, to.input(0));
}

/** Of x + skip + bias, which is an output too. */
function SkipGroupNorm(to: Expansion): void {
  if ((to.node.attributes.get('channels_last')?.value ?? 1) === 0) throw opUnsupported(to.node, 'channels_last = 0');
  const skip = to.shapeOfRank(3, 2, 4);
  const spread = skip.length === 2 ? to.reshape(to.input(3), 0, 1, 1, skip[1]!) : to.input(3);
  const joined = to.add('Add', [to.input(0), spread]);
  const sum = to.has(4) ? to.add('Add', [joined, to.input(4)]) : joined;
  giveGroupNorm(to, sum);
  to.also(1, sum);
}

/** The left half of the numbers times Gelu of the right. */
function BiasSplitGelu(to: Expansion): void {
  const size = to.shapeOfRank(0, 3)[2]!;
  const sum = sumOf(to, 0, 1);
  if (size % 2 !== 0 || isBatch(size)) throw graphInvalid(to.node, `${size} numbers have no halves.`);
  const right = to.add('Gelu', [to.slice(sum, 2, size / 2, size)]);
  to.give('Mul', [to.slice(sum, 2, 0, size / 2), right]);
}

const ofSum =
  (op: string, attributes: Readonly<Record<string, string>> = {}) =>
  (to: Expansion): void => {
    to.attributes.finish();
    to.give(op, [sumOf(to, 0, 1)], attributes);
  };

function QuickGelu(to: Expansion): void {
  const alpha = to.attributes.number('alpha', 1.702);
  to.attributes.finish();
  to.give('Swish', [to.input(0)], { alpha });
}

const microsoft: Readonly<Record<string, Expand>> = {
  Attention: MicrosoftAttention, BiasAdd: (to) => to.give('Identity', [sumOf(to, 0, 1, 2)]), BiasGelu: ofSum('Gelu'), BiasSplitGelu,
  EmbedLayerNormalization, FastGelu: ofSum('Gelu', { approximate: 'tanh' }), FusedConv, FusedGemm, FusedMatMul, Gelu: ofSum('Gelu'),
  GatherBlockQuantized, GroupNorm, GroupQueryAttention, MatMulBnb4, MatMulNBits, MultiHeadAttention, NhwcConv, NhwcFusedConv, QAttention, QuickGelu, RotaryEmbedding: MicrosoftRotaryEmbedding, SkipGroupNorm,
  SkipLayerNormalization: skipNormalisation('LayerNormalization', [0, 1, 4], [2, 3]),
  SkipSimplifiedLayerNormalization: skipNormalisation('RMSNormalization', [0, 1, 3], [2]),
}; // biome-ignore format: a table

/** SimplifiedLayerNormalization is in the domain of ONNX itself. */
export const onnxruntimeExpansions: Readonly<Record<string, Expand>> = {
  SimplifiedLayerNormalization,
  ...Object.fromEntries(Object.entries(microsoft).map(([op, expand]) => [`com.microsoft.${op}`, expand])),
};

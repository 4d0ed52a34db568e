/** How much a network's outputs change in half precision, and whether that is too much. */
import type { Answer, Precision, Tensor, Tensors } from '@diptych/plugin-kit';
import { type Activation, deviations, few, itemApart } from './half-scores.ts';

export type HalfPrecision = Exclude<Precision, 'f32'>;

/** What half precision must keep (of float32 on the same adapter). */
export const halfLimits = { cosine: 0.999, score: 1e-3 } as const;
export const halfNames = { f16: 'half precision', bf16: 'bfloat16' } as const;
const formats = { f16: 'float16', bf16: 'bfloat16' } as const;

/** How far an output is from that in float32. */
export interface OutputLoss {
  readonly name: string;
  /** Numbers of an item. */
  readonly numbers: number;
  /** Of all items of a run; the least of several runs. */
  readonly cosine: number;
  /** The most that scores of each item are apart, or would be where they decide; none of an output that others read. */
  readonly apart: readonly number[];
  /** Of so many items nothing is seen, since all scores are 0 or 1. */
  readonly hidden: number;
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    ab += value * b[i]!;
    aa += value * value;
    bb += b[i]! * b[i]!;
  }
  return aa === 0 && bb === 0 ? 1 : ab / Math.sqrt(aa * bb);
}

/** What is judged by its scores. */
export interface Judged extends Omit<Answer, 'activation'> {
  readonly activation: Activation;
}

/** Where nobody says what becomes of outputs. */
export const unknownOf = (outputs: Tensors): Judged[] =>
  Object.entries(outputs).map(([name, values]) => ({ name, values, activation: 'unknown' }));

function itemsOf({ data, shape }: Tensor): number[][] {
  const items = shape[0] ?? 1;
  const size = data.length / items;
  return Array.from({ length: items }, (_, item) => [...data.subarray(item * size, (item + 1) * size)]);
}

function lossOfAnswer(half: Judged, { name, values, activation }: Judged): OutputLoss {
  const rows = itemsOf(half.values);
  const isShares = values.data.every((value) => value >= 0 && value <= 1);
  const found = itemsOf(values).map((full, item) => itemApart(rows[item]!, full, activation, isShares));
  return {
    name,
    numbers: values.data.length / Math.max(1, found.length),
    cosine: 1,
    apart: found.map(({ apart }) => apart),
    hidden: found.filter(({ isHidden }) => isHidden).length,
  };
}

/** Outputs of one run. */
export interface Ran {
  readonly outputs: Tensors;
  readonly judged: readonly Judged[];
}

/** Of one run: the direction of outputs, and the scores of what is made of them. */
export function lossesOf(half: Ran, full: Ran): OutputLoss[] {
  const scores = full.judged.map((judged, at) => lossOfAnswer(half.judged[at]!, judged));
  const directions = Object.entries(full.outputs).map(([name, { data }]) => {
    const cosine = cosineOf(half.outputs[name]!.data, data);
    return { ...(scores.find((each) => each.name === name) ?? { name, numbers: data.length, apart: [], hidden: 0 }), cosine };
  });
  return [...directions, ...scores.filter(({ name }) => full.outputs[name] === undefined)];
} // biome-ignore format: short lines

/** Of several runs. */
export const joined = (runs: readonly (readonly OutputLoss[])[]): OutputLoss[] =>
  runs[0]!.map((first, at) => ({
    ...first,
    cosine: Math.min(...runs.map((losses) => losses[at]!.cosine)),
    apart: runs.flatMap((losses) => losses[at]!.apart),
    hidden: runs.reduce((sum, losses) => sum + losses[at]!.hidden, 0),
  }));

/** Items from which a spread can be estimated: that of eight is known within a quarter. */
const enoughForSpread = 8;

/** What one item in about a thousand loses, by mean and spread of those tried; where they are too few, the most of them. */
function rarelyApart(apart: readonly number[]): number {
  if (apart.length < enoughForSpread) return Math.max(0, ...apart);
  const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length;
  const variance = apart.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (apart.length - 1);
  return Math.max(...apart, mean + deviations * Math.sqrt(variance));
}

/** Shares of the limit below which more items cannot matter: two items of many numbers differ by a third, few numbers by much more. */
const [settled, settledOfFew] = [0.5, 0.05];

/** Whether more items would tell more. */
export const isNear = (losses: readonly OutputLoss[]): boolean =>
  losses.some(({ numbers, cosine, apart, hidden }) => {
    const share = numbers * apart.length < few ? settledOfFew : settled;
    return hidden > 0 || 1 - cosine > settled * (1 - halfLimits.cosine) || Math.max(0, ...apart) > share * halfLimits.score; // biome-ignore format: one condition
  });

/** Why the network must be computed in a finer precision, or undefined where half precision is as good. */
export function lossOf(precision: HalfPrecision, losses: readonly OutputLoss[]): string | undefined {
  for (const { name, cosine, apart, hidden } of losses) {
    const where = `output "${name}" in ${halfNames[precision]} against float32`;
    if (hidden >= enoughForSpread && hidden === apart.length)
      return `${where}: its scores are 0 or 1 on all ${hidden} made pictures, which hide what is lost`;
    const [most, rarely] = [Math.max(0, ...apart), rarelyApart(apart)];
    // Written so that NaN, which infinities of a half become, is a loss too.
    if (cosine >= halfLimits.cosine && rarely <= halfLimits.score) continue;
    const scores = most <= halfLimits.score && rarely > most ? `scores up to ${most.toExponential(1)} apart in ${apart.length} items and, by their spread, ${rarely.toExponential(1)} in one of a thousand` : `scores up to ${most.toExponential(1)} apart`; // biome-ignore format: one choice
    const counted = Number.isNaN(most) || Number.isNaN(cosine) ? `numbers beyond ${formats[precision]}` : `cosine ${cosine.toFixed(6)}, ${scores}`; // biome-ignore format: one choice
    return `${where}: ${counted}; allowed are cosine ${halfLimits.cosine} and ${halfLimits.score}`;
  }
  return undefined;
}

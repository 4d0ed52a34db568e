/** How much a network's outputs change in half precision, and whether that is too much. */
import type { Precision, Tensors } from '@diptych/plugin-kit';

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
  /** The most that scores of each item are apart. */
  readonly apart: readonly number[];
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

const logistic = (value: number): number => 1 / (1 + Math.exp(-value));

/**
 * The most that two scores of one place differ by, for each of `items`; NaN where one of them is. Numbers that are no shares already
 * are seen through the logistic function, as a detector's threshold would see them.
 */
function apartByItem(data: Float32Array, expected: Float32Array, items: number): number[] {
  const scoreOf = expected.every((value) => value >= 0 && value <= 1) ? (value: number) => value : logistic;
  const size = data.length / items;
  const largest = new Array<number>(items).fill(0);
  for (const [i, value] of data.entries()) {
    const item = Math.floor(i / size);
    largest[item] = Math.max(largest[item]!, Math.abs(scoreOf(value) - scoreOf(expected[i]!)));
  }
  return largest;
}

/** The same of all items. */
export const scoresApart = (data: Float32Array, expected: Float32Array): number => apartByItem(data, expected, 1)[0]!;

/** Of one run. */
export const lossesOf = (half: Tensors, full: Tensors): OutputLoss[] =>
  Object.entries(full).map(([name, { data: expected, shape }]) => {
    const { data } = half[name]!;
    const items = shape[0] ?? 1;
    const apart = apartByItem(data, expected, items);
    return { name, numbers: data.length / items, cosine: cosineOf(data, expected), apart };
  });

/** Of several runs. */
export const joined = (runs: readonly (readonly OutputLoss[])[]): OutputLoss[] =>
  runs[0]!.map((first, at) => ({
    ...first,
    cosine: Math.min(...runs.map((losses) => losses[at]!.cosine)),
    apart: runs.flatMap((losses) => losses[at]!.apart),
  }));

/** Items from which a spread can be estimated: that of eight is known within a quarter. */
const enoughForSpread = 8;
/** Standard deviations above the mean that about one of a thousand numbers exceeds. */
const deviations = 3;

/** What one item in about a thousand loses, by mean and spread of those tried; where they are too few, the most of them. */
function rarelyApart(apart: readonly number[]): number {
  if (apart.length < enoughForSpread) return Math.max(...apart);
  const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length;
  const variance = apart.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (apart.length - 1);
  return Math.max(...apart, mean + deviations * Math.sqrt(variance));
}

/** Numbers of which the largest loss says little of that of others: a detector has one an item, which may be right by chance. */
const few = 32;
/** Shares of the limit below which more items cannot matter: two items of many numbers differ by a third, few numbers by much more. */
const [settled, settledOfFew] = [0.5, 0.05];

/** Whether more items would tell more. */
export const isNear = (losses: readonly OutputLoss[]): boolean =>
  losses.some(({ numbers, cosine, apart }) => {
    const share = numbers * apart.length < few ? settledOfFew : settled;
    return 1 - cosine > settled * (1 - halfLimits.cosine) || Math.max(...apart) > share * halfLimits.score;
  });

/** Why the network must be computed in a finer precision, or undefined where half precision is as good. */
export function lossOf(precision: HalfPrecision, losses: readonly OutputLoss[]): string | undefined {
  for (const { name, cosine, apart } of losses) {
    const [most, rarely] = [Math.max(...apart), rarelyApart(apart)];
    // Written so that NaN, which infinities of a half become, is a loss too.
    if (cosine >= halfLimits.cosine && rarely <= halfLimits.score) continue;
    const scores = most <= halfLimits.score && rarely > most ? `scores up to ${most.toExponential(1)} apart in ${apart.length} items and, by their spread, ${rarely.toExponential(1)} in one of a thousand` : `scores up to ${most.toExponential(1)} apart`; // biome-ignore format: one choice
    const counted = Number.isNaN(most) || Number.isNaN(cosine) ? `numbers beyond ${formats[precision]}` : `cosine ${cosine.toFixed(6)}, ${scores}`; // biome-ignore format: one choice
    return `output "${name}" in ${halfNames[precision]} against float32: ${counted}; allowed are cosine ${halfLimits.cosine} and ${halfLimits.score}`;
  }
  return undefined;
}

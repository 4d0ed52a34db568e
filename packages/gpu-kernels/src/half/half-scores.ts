/**
 * How far half precision moves the scores of an item, and how far it would move them where they decide: the slope of an activation is
 * nearly 0 far from there, so that made pictures, which a network is sure of, hide what others lose.
 */
import type { Answer } from '@diptych/plugin-kit';

/** `unknown`: nobody said what becomes of an output; numbers outside [0, 1] are taken for logits of a logistic function. */
export type Activation = Answer['activation'] | 'unknown';

export interface ItemApart {
  readonly apart: number;
  /** Every number is so near 0 or 1 that float32 holds nothing of its logit: what is lost cannot be seen. */
  readonly isHidden: boolean;
}

/** Numbers of which the largest loss says little of that of others: a detector has one an item, which may be right by chance. */
export const few = 32;
/** Standard deviations above the mean that about one of a thousand numbers exceeds. */
export const deviations = 3;
/** Nearer to 1, float32 knows the logit by less than a hundredth; nearer to 0 than the second, not at all. */
const [mostCertain, leastCertain] = [1 - 1e-5, 1e-37];

const logistic = (value: number): number => 1 / (1 + Math.exp(-value));
const isShare = (value: number): boolean => value >= 0 && value <= 1;
const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** In [0, 1], which rounding may leave by a little, and add up to 1. */
const isOneOfSeveral = (values: readonly number[]): boolean =>
  values.length > 1 && Math.abs(sumOf(values) - 1) < 1e-4 && values.every(isShare);

/** Of any length: as arguments of a call, those of a map of a picture would overflow the stack. */
const mostOf = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), -Infinity);

function softmax(values: readonly number[]): number[] {
  const largest = mostOf(values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = sumOf(powers);
  return powers.map((power) => power / sum);
}

const largestGap = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

/** The most that numbers are apart, through the logistic function where they are no shares. */
export function scoresApart(half: ArrayLike<number>, full: ArrayLike<number>): number {
  const expected = Array.from(full);
  const scoreOf = expected.every(isShare) ? (value: number) => value : logistic;
  return largestGap(Array.from(half, scoreOf), expected.map(scoreOf));
}

/**
 * By how much a score moves at most, where its logit moves by that much around 0: of two classes the logit is the difference of theirs, so that
 * for a softmax the furthest apart count. Of many numbers that decide, few are at the end of their spread: it is taken as that of one.
 */
function whereItDecides(gaps: readonly number[], isSoftmax: boolean): number {
  if (gaps.length === 0) return 0;
  const mean = isSoftmax ? sumOf(gaps) / gaps.length : 0;
  const spread = Math.sqrt((isSoftmax ? 2 : 1) * (sumOf(gaps.map((gap) => (gap - mean) ** 2)) / gaps.length));
  const furthest = isSoftmax ? mostOf(gaps) + mostOf(gaps.map((gap) => -gap)) : mostOf(gaps.map(Math.abs));
  return Math.tanh((gaps.length < few ? furthest : deviations * spread) / 4);
}

/** Of logits. */
function logitsApart(half: readonly number[], full: readonly number[], activation: 'sigmoid' | 'softmax'): number {
  const scoresOf = activation === 'softmax' ? softmax : (values: readonly number[]) => values.map(logistic);
  const gaps = half.flatMap((value, i) => (Number.isFinite(full[i]!) ? value - full[i]! : []));
  return Math.max(largestGap(scoresOf(half), scoresOf(full)), whereItDecides(gaps, activation === 'softmax'));
}

/** Of scores, by their logits. */
function sharesApart(half: readonly number[], full: readonly number[]): ItemApart {
  const isSoftmax = isOneOfSeveral(full);
  const logitOf = (share: number): number => Math.log(share) - (isSoftmax ? 0 : Math.log1p(-share));
  const isSeen = (share: number): boolean => share > leastCertain && (isSoftmax ? share <= 1.001 : share < mostCertain);
  const gaps = half.flatMap((share, i) => (isSeen(share) && isSeen(full[i]!) ? logitOf(share) - logitOf(full[i]!) : []));
  const apart = Math.max(largestGap(half, full), whereItDecides(gaps, isSoftmax));
  return { apart, isHidden: full.length > 0 && gaps.length < (isSoftmax ? 2 : 1) };
}

/** Of one item; NaN where a number is none. `isShares`: all numbers of that output in float32 are in [0, 1]; the rounded ones may leave it. */
export function itemApart(
  half: readonly number[],
  full: readonly number[],
  activation: Activation,
  isShares: boolean,
): ItemApart {
  if (activation === 'softmax' || activation === 'sigmoid')
    return { apart: logitsApart(half, full, activation), isHidden: false };
  if (activation === 'none' || isShares) return sharesApart(half, full);
  if (full.length < few) return { apart: logitsApart(half, full, 'sigmoid'), isHidden: false };
  // Of many numbers that nobody named, as an embedding's, those far from 0 need be no logits.
  return { apart: scoresApart(half, full), isHidden: false };
}

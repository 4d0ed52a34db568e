/** Drawing one image token from logits with a seed of our own, so that no generator of the library is touched. */
import type { Random } from '../seeded.ts';

/**
 * An index into `logits` with probability softmax(logits / temperature), by the inverse of the cumulative sum.
 * One number of `random` for each call; `temperature` is positive. Sums are in float64.
 */
export function drawToken(logits: ArrayLike<number>, temperature: number, random: Random): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) highest = Math.max(highest, logits[i]!);
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - highest) / temperature));
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!;
    if (left < 0) return i;
  }
  // Rounding may leave a crumb; the last token that can be drawn gets it.
  return weights.findLastIndex((weight) => weight > 0);
}

/** Rules out all but one token: what is chosen after can only be this one. */
export function keepOnly(logits: Float32Array, token: number): void {
  logits.fill(Number.NEGATIVE_INFINITY);
  logits[token] = 0;
}

/** Correction of a family of tests. */
import { requireWithin } from './inputs.ts';

/**
 * Holm's adjusted p-values (Holm, Scandinavian Journal of Statistics 6, 1979), in the order given: the i-th smallest of m
 * is multiplied by m - i + 1, never below the one before it, at most 1. Rejecting those <= alpha keeps the chance of any false rejection <= alpha.
 */
export function holmAdjust(pValues: readonly number[]): number[] {
  pValues.forEach((p, index) => {
    requireWithin(p, 0, 1, `p-value ${index}`);
  });
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]! || a - b);
  const adjusted = new Array<number>(pValues.length);
  let floor = 0;
  order.forEach((index, rank) => {
    floor = Math.max(floor, Math.min(1, pValues[index]! * (pValues.length - rank)));
    adjusted[index] = floor;
  });
  return adjusted;
}

/** Interval for one share of independent trials. */
import { invalidInput, requireConfidence } from './inputs.ts';
import { twoSidedZ } from './normal.ts';

/** Both ends are shares in [0, 1]. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval (Wilson, JASA 22, 1927), without continuity correction.
 * It treats trials as independent; for ten images a prompt it is too narrow, so a report shows `clusterBootstrap` beside it.
 * `successes` and `trials` may be fractions, which is how a sample size reduced for clustering is given.
 * Null when there are no trials. Throws `METRIC_INPUT_INVALID` unless 0 <= successes <= trials.
 */
export function wilsonInterval(successes: number, trials: number, confidence = 0.95): Interval | null {
  requireConfidence(confidence);
  if (!(successes >= 0 && successes <= trials && Number.isFinite(trials)))
    invalidInput('0 <= successes <= trials', `${successes} of ${trials}`, 'Count each trial once.');
  if (trials === 0) return null;
  const zz = twoSidedZ(confidence) ** 2;
  const share = successes / trials;
  const centre = share + zz / (2 * trials);
  const spread = Math.sqrt(zz * ((share * (1 - share)) / trials + zz / (4 * trials * trials)));
  const scale = 1 + zz / trials;
  // At 0 and at `trials` the ends are exactly 0 and 1; rounding would leave 1e-17 of dirt.
  return {
    low: successes === 0 ? 0 : Math.max(0, (centre - spread) / scale),
    high: successes === trials ? 1 : Math.min(1, (centre + spread) / scale),
  };
}

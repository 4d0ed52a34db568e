import { describe, expect, it } from 'vitest';
import { clusterBootstrapRatio } from '../../metrics/cluster-bootstrap.ts';
import { createRandom } from '../../metrics/random.ts';
import { type ClusterTallies, designEffectInterval, rateOf } from './clustered-rate.ts';

/** Ten samples a prompt that share the prompt's own rate, so that clustering matters. */
function clustered(prompts: number, mean: number, seed: number): ClusterTallies {
  const random = createRandom(seed);
  const rates = Array.from({ length: prompts }, () => (random.nextFloat() < 0.5 ? mean * 0.1 : mean * 1.9));
  const positives = rates.map((rate) => Array.from({ length: 10 }, () => random.nextFloat() < rate).filter(Boolean).length);
  return { clusters: rates.map((_, prompt) => prompt), positives, trials: rates.map(() => 10) };
}

describe('rateOf', () => {
  it.each([0.5, 0.05])('above 1,000 prompts agrees with the bootstrap to a tenth of its width, at a rate of %s', (mean) => {
    const tallies = clustered(1001, mean, 1);
    const rate = rateOf('rate', tallies, 0);
    const { low, high } = clusterBootstrapRatio(tallies.positives, tallies.trials, { seed: 1, resamples: 2000 });
    expect(rate.clusteredMethod).toBe('wilson-design-effect');
    // Percentile ends of 2,000 resamples have a standard error of about 2 % of the width themselves.
    expect(Math.abs(rate.clustered!.low - low!)).toBeLessThan((high! - low!) / 10);
    expect(Math.abs(rate.clustered!.high - high!)).toBeLessThan((high! - low!) / 10);
    // Samples of a prompt are alike, so the interval must be wider than that of independent samples.
    expect(rate.clustered!.high - rate.clustered!.low).toBeGreaterThan(1.1 * (rate.wilson!.high - rate.wilson!.low));
  });

  it('falls back to prompts as trials where no prompt differs from another', () => {
    const tallies = { clusters: [0, 1, 2], positives: [0, 0, 0], trials: [5, 5, 5] };
    expect(rateOf('rate', tallies, 0)).toMatchObject({
      value: 0,
      clusteredMethod: 'wilson-over-prompts',
      clustered: { low: 0 },
    });
    expect(designEffectInterval(tallies, 0)).toBeNull();
  });

  it('is not defined without trials', () => {
    expect(rateOf('rate', { clusters: [], positives: [], trials: [] }, 0)).toMatchObject({
      value: null,
      clustered: null,
      wilson: null,
    });
  });
});

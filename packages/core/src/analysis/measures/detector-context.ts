/** One detector under one protocol, with what its measures need of the run. */
import { thresholdAtFalsePositiveRate } from '../../metrics/threshold-metrics.ts';
import type { Group } from '../run-table/groups.ts';
import type { RunTable } from '../run-table/run-table.ts';
import type { Placement } from './clustered-rate.ts';
import { type DetectionScores, scoresBySample } from './detection-scores.ts';

export interface DetectorContext {
  readonly table: RunTable;
  readonly scores: DetectionScores;
  /** Synthetic score by sample index, NaN where there is none. */
  readonly bySample: Float64Array;
  readonly groups: readonly Group[];
  readonly studySeed: number;
}

export const detectorContext = (
  table: RunTable,
  scores: DetectionScores,
  groups: readonly Group[],
  studySeed: number,
): DetectorContext => ({
  table,
  scores,
  bySample: scoresBySample(table, scores),
  groups,
  studySeed,
});

/** Called synthetic at a false positive rate of at most `target` on the authentic images; samples without a score are outside. */
export function recallAt({ scores, bySample }: DetectorContext, target: number): ((sample: number) => Placement) | null {
  const fixed = thresholdAtFalsePositiveRate(scores.authentic, target);
  if (fixed === null) return null;
  return (sample) => {
    const score = bySample[sample]!;
    if (Number.isNaN(score)) return 'outside';
    return score > fixed.threshold ? 'positive' : 'negative';
  };
}

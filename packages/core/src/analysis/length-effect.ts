/** Does a detector's score fall as prompts get longer? A least-squares slope with an interval over prompts. */
import { clusterInterval } from '../metrics/cluster-interval.ts';
import { resamplingOf } from './clustered-rate.ts';
import type { DetectorContext } from './detection-panel.ts';
import type { Group } from './groups.ts';
import type { FamilyKey, LengthEffect } from './report-model.ts';

/** Slopes are given for ten more words, so that they are not all zeros to three digits. */
const wordsPerUnit = 10;
/** Fewer prompts leave the bootstrap of a slope without meaning; arbitrary. */
const fewestPrompts = 10;

type Predictor = LengthEffect['predictor'];

/** Sums of 1, x, y, x², xy for each prompt: all that a slope needs. */
function sumsByCluster({ table, bySample }: DetectorContext, group: Group, predictor: Predictor): number[][] {
  const rows = new Map<number, number[]>();
  const { samples } = table;
  for (let sample = 0; sample < bySample.length; sample++) {
    const y = bySample[sample]!;
    if (Number.isNaN(y) || group.sources[samples.source.get(sample)] === 0) continue;
    const x = predictor === 'level' ? samples.level.get(sample) : samples.words.get(sample) / wordsPerUnit;
    const key = samples.cluster.get(sample);
    const row = rows.get(key) ?? [0, 0, 0, 0, 0];
    [1, x, y, x * x, x * y].forEach((value, column) => {
      row[column]! += value;
    });
    rows.set(key, row);
  }
  return [...rows.values()];
}

/** Least squares through the pooled samples; null where x does not vary. */
function slopeOf(sums: ArrayLike<number>): number | null {
  const [n, x, y, xx, xy] = [sums[0]!, sums[1]!, sums[2]!, sums[3]!, sums[4]!];
  const spread = n * xx - x * x;
  // Relative bound: equal lengths leave only rounding, which is no spread to divide by.
  return spread <= 1e-9 * n * xx ? null : (n * xy - x * y) / spread;
}

function effectOf(context: DetectorContext, group: Group, predictor: Predictor): LengthEffect | null {
  const { scores, studySeed } = context;
  const id = `length/${scores.facts.detector}/${scores.protocol}/${group.key}/${predictor}`;
  const rows = sumsByCluster(context, group, predictor);
  if (rows.length < fewestPrompts) return null;
  const columns = [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]!));
  const { estimate, low, high, pValue } = clusterInterval(columns, slopeOf, resamplingOf(studySeed, id, rows.length));
  if (estimate === null) return null;
  const interval = low === null || high === null ? null : { low, high };
  return {
    id,
    family: group.family as FamilyKey,
    predictor,
    slope: estimate,
    interval,
    pValue,
    samples: columns[0]!.reduce((a, b) => a + b, 0),
    prompts: rows.length,
  };
}

/** Both predictors for each family, where they vary. */
export function lengthEffects(context: DetectorContext): LengthEffect[] {
  return context.groups
    .filter((group) => group.kind === 'family')
    .flatMap((group) => (['level', 'words'] as const).map((predictor) => effectOf(context, group, predictor)))
    .filter((effect) => effect !== null);
}

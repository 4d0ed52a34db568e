/** Differences of shares over the very same samples. */
import { clusterInterval } from '../../metrics/cluster-interval.ts';
import type { EstimateModel } from '../parts.ts';
import type { RunTable } from '../run-table/run-table.ts';
import { isOutside, type Placement, resamplingOf } from './clustered-rate.ts';

type Place = (sample: number) => Placement;

/** First minus second share over samples that both place, with an interval over prompts. Null without any. */
export function shareDifference(
  id: string,
  table: RunTable,
  { sources, first, second }: { readonly sources: Uint8Array; readonly first: Place; readonly second: Place },
  studySeed: number,
): EstimateModel | null {
  const rows = new Map<number, [number, number]>();
  const { outcome, source, cluster } = table.samples;
  for (let sample = 0; sample < outcome.length; sample++) {
    if (outcome.get(sample) === 0 || sources[source.get(sample)] === 0) continue;
    const [a, b] = [first(sample), second(sample)];
    if (isOutside(a) || isOutside(b)) continue;
    const row = rows.get(cluster.get(sample)) ?? [0, 0];
    row[0] += Number(a === 'positive') - Number(b === 'positive');
    row[1] += 1;
    rows.set(cluster.get(sample), row);
  }
  const columns = [0, 1].map((column) => [...rows.values()].map((row) => row[column]!));
  const { estimate, low, high } = clusterInterval(columns, (sums) => (sums[1] === 0 ? null : sums[0]! / sums[1]!), {
    ...resamplingOf(studySeed, id, rows.size),
    range: [-1, 1],
  });
  if (estimate === null) return null;
  return { id, value: estimate, interval: low === null || high === null ? null : { low, high } };
}

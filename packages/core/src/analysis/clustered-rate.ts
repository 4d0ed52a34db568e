/** Shares over the samples of a group, with both intervals. */
import { clusterBootstrapRatio } from '../metrics/cluster-bootstrap.ts';
import { wilsonInterval } from '../metrics/proportion.ts';
import { deriveSeed } from '../metrics/random.ts';
import type { PromptTally } from '../metrics/tallies.ts';
import type { IntervalModel, RateModel } from './report-model.ts';
import type { RunTable } from './run-table.ts';

/** Where a sample goes in one rate; `outside` is in no denominator. */
export type Placement = 'positive' | 'negative' | 'outside';

/** Positives and trials of each prompt that has trials, in the order of the first sample: independent of the journal's order. */
export interface ClusterTallies {
  readonly clusters: readonly number[];
  readonly positives: readonly number[];
  readonly trials: readonly number[];
}

export function tallyClusters(table: RunTable, sources: Uint8Array, place: (sample: number) => Placement): ClusterTallies {
  const rows = new Int32Array(table.clusters.length).fill(-1);
  const clusters: number[] = [];
  const positives: number[] = [];
  const trials: number[] = [];
  const { outcome, source, cluster } = table.samples;
  for (let index = 0; index < outcome.length; index++) {
    if (outcome.get(index) === 0 || sources[source.get(index)] === 0) continue;
    const placement = place(index);
    if (placement === 'outside') continue;
    const key = cluster.get(index);
    if (rows[key] === -1) {
      rows[key] = clusters.push(key) - 1;
      positives.push(0);
      trials.push(0);
    }
    const row = rows[key]!;
    trials[row]! += 1;
    if (placement === 'positive') positives[row]! += 1;
  }
  return { clusters, positives, trials };
}

export const promptTallies = (table: RunTable, { clusters, positives, trials }: ClusterTallies): PromptTally[] =>
  clusters.map((cluster, row) => ({ promptId: table.clusters[cluster]!, positives: positives[row]!, trials: trials[row]! }));

/** Draws of one bootstrap: at most 2,000 resamples and about this many draws, so that a million prompts take seconds a rate. */
const drawsPerBootstrap = 2e7;
/** Below 200 resamples the 2.5 % ends would rest on fewer than five values. */
const fewestResamples = 200;
export const resamplesFor = (clusters: number): number =>
  Math.max(fewestResamples, Math.min(2000, Math.floor(drawsPerBootstrap / Math.max(clusters, 1))));

export interface Resampling {
  readonly seed: number;
  readonly resamples: number;
}

/** Seeds follow from the study's seed and the id of the number alone, so that verifying gives the same digits. */
export const resamplingOf = (studySeed: number, id: string, clusters: number): Resampling => ({
  seed: deriveSeed(studySeed, id),
  resamples: resamplesFor(clusters),
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function rateOf(id: string, tallies: ClusterTallies, studySeed: number): RateModel {
  const [count, total] = [sum(tallies.positives), sum(tallies.trials)];
  const prompts = tallies.clusters.length;
  if (total === 0) return { id, count, total, value: null, wilson: null, clustered: null, clusteredMethod: null, prompts };
  const { low, high } = clusterBootstrapRatio(tallies.positives, tallies.trials, resamplingOf(studySeed, id, prompts));
  const value = count / total;
  const bootstrap: IntervalModel | null = low === null || high === null ? null : { low, high };
  return {
    id,
    count,
    total,
    value,
    wilson: wilsonInterval(count, total),
    clustered: bootstrap ?? wilsonInterval(value * prompts, prompts),
    clusteredMethod: bootstrap === null ? 'wilson-over-prompts' : 'cluster-bootstrap',
    prompts,
  };
}

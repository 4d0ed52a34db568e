/** Shares over the samples of a group, with both intervals. */
import { clusterBootstrapRatio } from '../../metrics/cluster-bootstrap.ts';
import { mostResampledClusters } from '../../metrics/cluster-interval.ts';
import { wilsonInterval } from '../../metrics/proportion.ts';
import { deriveSeed } from '../../metrics/random.ts';
import type { PromptTally } from '../../metrics/tallies.ts';
import type { RateModel } from '../parts.ts';
import type { GrowableColumn } from '../run-table/growable-column.ts';
import { imageCode, type RunTable } from '../run-table/run-table.ts';
import { ScoredImages } from '../run-table/scored-images.ts';

/** Where a sample goes in one rate; `outside` is in no denominator, nor is `unscored`, an image that should have had a score. */
export type Placement = 'positive' | 'negative' | 'outside' | 'unscored';

export const isOutside = (placement: Placement): placement is 'outside' | 'unscored' =>
  placement === 'outside' || placement === 'unscored';

/** Positives and trials of each prompt that has trials, in the order of the first sample: independent of the journal's order. */
export interface ClusterTallies {
  readonly clusters: readonly number[];
  readonly positives: readonly number[];
  readonly trials: readonly number[];
}

/** What is drawn with replacement: clusters of prompts, or pairs of prompts and their counterparts. */
export interface Units {
  readonly of: GrowableColumn<Uint32Array>;
  readonly names: readonly string[];
}

export const clusterUnits = ({ samples, clusters }: RunTable): Units => ({ of: samples.cluster, names: clusters });
/** Samples without a counterpart have unit 0: leave them out. */
export const pairUnits = ({ samples, pairs }: RunTable): Units => ({ of: samples.pair, names: pairs });

/** Tallies of the group's samples, without sources that have images and no score of any. */
export function tallyClusters(
  table: RunTable,
  sources: Uint8Array,
  place: (sample: number) => Placement,
  units = clusterUnits(table),
): ClusterTallies {
  const rows = new Int32Array(units.names.length).fill(-1);
  const clusters: number[] = [];
  const positives: number[] = [];
  const trials: number[] = [];
  const { outcome, source } = table.samples;
  const images = new ScoredImages();
  for (let index = 0; index < outcome.length; index++) {
    if (outcome.get(index) === 0 || sources[source.get(index)] === 0) continue;
    const placement = place(index);
    if (placement === 'unscored') images.add(source.get(index), false);
    if (isOutside(placement)) continue;
    if (outcome.get(index) === imageCode) images.add(source.get(index), true);
    const key = units.of.get(index);
    if (rows[key] === -1) {
      rows[key] = clusters.push(key) - 1;
      positives.push(0);
      trials.push(0);
    }
    const row = rows[key]!;
    trials[row]! += 1;
    if (placement === 'positive') positives[row]! += 1;
  }
  const rest = images.leaveOutOf(sources);
  return rest === null ? { clusters, positives, trials } : tallyClusters(table, rest, place, units);
}

export const promptTallies = ({ names }: Units, { clusters, positives, trials }: ClusterTallies): PromptTally[] =>
  clusters.map((cluster, row) => ({ promptId: names[cluster]!, positives: positives[row]!, trials: trials[row]! }));

/** Draws of one bootstrap: at most 2,000 resamples and about this many draws, which is a tenth of a second. */
const drawsPerBootstrap = 2e6;
/** Below 500 resamples the 2.5 % ends would rest on about ten values. */
const fewestResamples = 500;
const resamplesFor = (clusters: number): number =>
  Math.max(fewestResamples, Math.min(2000, Math.floor(drawsPerBootstrap / Math.max(clusters, 1))));

export interface Resampling {
  readonly seed: number;
  readonly resamples: number;
  /** Random sign patterns of a paired test. */
  readonly rounds: number;
}

/** Seeds follow from the study's seed and the id of the number alone, so that verifying gives the same digits. */
export const resamplingOf = (studySeed: number, id: string, clusters: number): Resampling => ({
  seed: deriveSeed(studySeed, id),
  resamples: resamplesFor(clusters),
  // At least 999, so that p-values down to 0.001 can come out; at most about a second of work.
  rounds: Math.max(999, Math.min(9999, Math.floor(1e8 / Math.max(clusters, 1)))),
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function rateOf(id: string, tallies: ClusterTallies, studySeed: number): RateModel {
  const [count, total] = [sum(tallies.positives), sum(tallies.trials)];
  const prompts = tallies.clusters.length;
  if (total === 0) return { id, count, total, value: null, wilson: null, clustered: null, clusteredMethod: null, prompts };
  const value = count / total;
  return {
    id,
    count,
    total,
    value,
    wilson: wilsonInterval(count, total),
    ...clusteredInterval(id, tallies, value, studySeed),
    prompts,
  };
}

type Clustered = Pick<RateModel, 'clustered' | 'clusteredMethod'>;

function clusteredInterval(id: string, tallies: ClusterTallies, value: number, studySeed: number): Clustered {
  const prompts = tallies.clusters.length;
  const overPrompts = (): Clustered => ({
    clustered: wilsonInterval(value * prompts, prompts),
    clusteredMethod: 'wilson-over-prompts',
  });
  if (prompts > mostResampledClusters) return designEffectInterval(tallies, value) ?? overPrompts();
  const { low, high } = clusterBootstrapRatio(tallies.positives, tallies.trials, resamplingOf(studySeed, id, prompts));
  if (low === null || high === null) return overPrompts();
  return { clustered: { low, high }, clusteredMethod: 'cluster-bootstrap' };
}

/**
 * Wilson's interval with the sample size that independent samples would need for the same variance. The variance is the
 * first-order one of a ratio over clusters (Cochran, "Sampling Techniques", 1977, section 2.12): the limit of the bootstrap for
 * many prompts, in one pass. Null where prompts do not vary.
 */
export function designEffectInterval({ positives, trials }: ClusterTallies, value: number): Clustered | null {
  const clusters = positives.length;
  const squares = positives.reduce((total, count, row) => total + (count - value * trials[row]!) ** 2, 0);
  const variance = ((clusters / (clusters - 1)) * squares) / sum(trials) ** 2;
  const effective = variance === 0 ? 0 : (value * (1 - value)) / variance;
  if (!(effective > 0) || !Number.isFinite(effective)) return null;
  return { clustered: wilsonInterval(value * effective, effective), clusteredMethod: 'wilson-design-effect' };
}

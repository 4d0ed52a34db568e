/** Scores of one detector under one protocol, ready to be compared: as recorded, or cross-fitted where the detector returns features. */
import type { Protocol } from '@diptych/plugin-kit';
import { type CrossFit, crossFitAuroc, crossFitScores } from '../../metrics/cross-fit.ts';
import { deriveSeed } from '../../metrics/random.ts';
import { aurocInterval } from '../../metrics/roc.ts';
import type { EstimateModel, Unscored } from '../parts.ts';
import type { DetectorFacts } from '../run-table/plugin-facts.ts';
import {
  answerStatus,
  type DetectionColumns,
  featuresCode,
  imageCode,
  type RunTable,
  type SideColumns,
  scoredCode,
} from '../run-table/run-table.ts';
import { countUnscored } from './judged-samples.ts';

export interface Folds {
  readonly synthetic: Int32Array;
  readonly authentic: Int32Array;
  readonly foldCount: number;
}

export interface DetectionScores {
  readonly facts: DetectorFacts;
  readonly protocol: Protocol;
  readonly columns: DetectionColumns;
  /** Sample index of each synthetic score. */
  readonly samples: Uint32Array;
  readonly synthetic: Float64Array;
  readonly syntheticClusters: readonly string[];
  readonly authentic: Float64Array;
  /** Index of the authentic image of each authentic score. */
  readonly authenticRows: Uint32Array;
  readonly authenticClusters: readonly string[];
  /** What a split keeps together, aligned with the clusters. */
  readonly foldGroups: { readonly synthetic: readonly string[]; readonly authentic: readonly string[] };
  /** Present where a head was cross-fitted within the run: the fold of each score. */
  readonly folds: Folds | null;
  /** Why nothing can be compared, or null. */
  readonly unavailable: string | null;
}

/** Readable camera images without a score, by why. */
export function countAuthenticUnscored(table: RunTable, { authentic }: DetectionColumns): Unscored {
  const unscored = { abstained: 0, error: 0, timeout: 0, missing: 0 };
  for (let index = 0; index < table.authentic.readable.length; index++) {
    const status = answerStatus[authentic.status.get(index)]!;
    if (table.authentic.readable.get(index) === 1 && status !== 'scored' && status !== 'features') unscored[status]++;
  }
  return unscored;
}

function answered(length: number, counts: (index: number) => boolean, side: SideColumns, status: number): Uint32Array {
  const found: number[] = [];
  for (let index = 0; index < length; index++) if (counts(index) && side.status.get(index) === status) found.push(index);
  return Uint32Array.from(found);
}

function returnsFeatures({ synthetic, authentic }: DetectionColumns): boolean {
  for (const { status } of [synthetic, authentic])
    for (let index = 0; index < status.length; index++) if (status.get(index) === featuresCode) return true;
  return false;
}

/** `12 abstained, 3 failed`; empty where every image has a score. */
export function wordsOfUnscored({ abstained, error, timeout, missing }: Unscored): string {
  const counts = { abstained, failed: error + timeout, 'without a record': missing };
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([why, count]) => `${count} ${why}`)
    .join(', ');
}

/** Synthetic images without a score, by why. */
const countSyntheticUnscored = (table: RunTable, { synthetic }: DetectionColumns): Unscored =>
  countUnscored(table, new Uint8Array(table.sources.length).fill(1), (sample) => synthetic.status.get(sample));

function emptyReason(
  table: RunTable,
  columns: DetectionColumns,
  count: Record<'synthetic' | 'authentic', number>,
): string | null {
  if (count.synthetic === 0) {
    const why = wordsOfUnscored(countSyntheticUnscored(table, columns));
    return `no synthetic image has a score${why && `: ${why}`}`;
  }
  if (count.authentic > 0) return null;
  const why = wordsOfUnscored(countAuthenticUnscored(table, columns));
  return `no authentic image has a score${why ? `: ${why}` : '; name an authentic set in the study'}`;
}

export function detectionScores(table: RunTable, columns: DetectionColumns, studySeed: number): DetectionScores {
  const isFitted = returnsFeatures(columns);
  const code = isFitted ? featuresCode : scoredCode;
  const isImage = (index: number): boolean => table.samples.outcome.get(index) === imageCode;
  const samples = answered(table.samples.outcome.length, isImage, columns.synthetic, code);
  const readable = (index: number): boolean => table.authentic.readable.get(index) === 1;
  const authenticRows = answered(table.authentic.readable.length, readable, columns.authentic, code);
  const base = {
    facts: columns.facts,
    protocol: columns.protocol,
    columns,
    samples,
    authenticRows,
    syntheticClusters: Array.from(samples, (index) => table.clusters[table.samples.cluster.get(index)]!),
    authenticClusters: Array.from(authenticRows, (index) => table.clusters[table.authentic.cluster.get(index)]!),
    foldGroups: {
      synthetic: Array.from(samples, (index) => table.foldGroups[table.samples.cluster.get(index)]!),
      authentic: Array.from(authenticRows, (index) => table.foldGroups[table.authentic.cluster.get(index)]!),
    },
  };
  const unavailable = emptyReason(table, columns, { synthetic: samples.length, authentic: authenticRows.length });
  if (!isFitted || unavailable !== null) {
    const scores = (rows: Uint32Array, side: SideColumns) => Float64Array.from(rows, (index) => side.score.get(index));
    const recorded = { synthetic: scores(samples, columns.synthetic), authentic: scores(authenticRows, columns.authentic) };
    return { ...base, ...recorded, folds: null, unavailable };
  }
  return { ...base, ...crossFit(base, studySeed) };
}

/** One head for each fold over all synthetic against all authentic images of the protocol; no head saw the prompt it scores. */
function crossFit(
  {
    columns,
    samples,
    authenticRows,
    syntheticClusters,
    authenticClusters,
    foldGroups,
    facts,
    protocol,
  }: Omit<DetectionScores, 'synthetic' | 'authentic' | 'folds' | 'unavailable'>,
  studySeed: number,
): Pick<DetectionScores, 'synthetic' | 'authentic' | 'folds' | 'unavailable'> {
  const rows = (indices: Uint32Array, side: SideColumns) => Array.from(indices, (index) => side.features.row(index));
  const fitted = crossFitScores({
    features: [...rows(samples, columns.synthetic), ...rows(authenticRows, columns.authentic)],
    labels: [...syntheticClusters.map(() => 1 as const), ...authenticClusters.map(() => 0 as const)],
    groups: [...foldGroups.synthetic, ...foldGroups.authentic],
    seed: deriveSeed(studySeed, 'cross-fit', facts.detector, protocol),
  });
  const none = new Float64Array(0);
  if (fitted.status === 'unavailable')
    return { synthetic: none, authentic: none, folds: null, unavailable: `cross-fitting is not possible: ${fitted.reason}` };
  const { scores, folds, foldCount } = fitted;
  const cut = samples.length;
  return {
    synthetic: scores.slice(0, cut),
    authentic: scores.slice(cut),
    folds: { synthetic: folds.slice(0, cut), authentic: folds.slice(cut), foldCount },
    unavailable: null,
  };
}

const pick = <T>(values: ArrayLike<T>, positions: readonly number[]): T[] => positions.map((position) => values[position]!);

/**
 * Area under the ROC curve of some of the synthetic images (positions in `scores.samples`) against all authentic ones, with
 * DeLong's interval, clustered by prompt. Cross-fitted scores are compared within folds only. Null where a class is empty.
 */
export function aurocOf(id: string, scores: DetectionScores, positions: readonly number[]): EstimateModel | null {
  const clusters = { positives: pick(scores.syntheticClusters, positions), negatives: scores.authenticClusters };
  const { auroc, low, high } =
    scores.folds === null
      ? aurocInterval(pick(scores.synthetic, positions), scores.authentic, { clusters })
      : crossFitAuroc(...foldedSubset(scores, scores.folds, positions));
  if (auroc === null) return null;
  return { id, value: auroc, interval: low === null || high === null ? null : { low, high } };
}

function foldedSubset(
  scores: DetectionScores,
  folds: Folds,
  positions: readonly number[],
): Parameters<typeof crossFitAuroc> {
  const fitted: Extract<CrossFit, { status: 'scored' }> = {
    status: 'scored',
    scores: Float64Array.from(pick(scores.synthetic, positions).concat(Array.from(scores.authentic))),
    folds: Int32Array.from(pick(folds.synthetic, positions).concat(Array.from(folds.authentic))),
    foldCount: folds.foldCount,
  };
  const labels = [...positions.map(() => 1 as const), ...scores.authenticClusters.map(() => 0 as const)];
  return [fitted, labels, { groups: [...pick(scores.syntheticClusters, positions), ...scores.authenticClusters] }];
}

/** Positions of the scores whose source belongs to a group. */
export function positionsOf(table: RunTable, { samples }: DetectionScores, sources: Uint8Array): number[] {
  const found: number[] = [];
  samples.forEach((sample, position) => {
    if (sources[table.samples.source.get(sample)] === 1) found.push(position);
  });
  return found;
}

/** Score by sample index, NaN where there is none. */
export function scoresBySample(table: RunTable, scores: DetectionScores): Float64Array {
  const bySample = new Float64Array(table.samples.outcome.length).fill(Number.NaN);
  scores.synthetic.forEach((score, position) => {
    bySample[scores.samples[position]!] = score;
  });
  return bySample;
}

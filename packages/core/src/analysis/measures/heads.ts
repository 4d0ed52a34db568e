/**
 * Heads fitted within the run on chosen generators, scored on prompts that they never saw: what a detector that measures
 * features would do if it were trained on other images. One split of prompts and photographs into two halves serves every
 * head of a detector and protocol: fitted on one half, scored on the other, and the reverse.
 */

import { assignGroupedFolds } from '../../metrics/grouped-folds.ts';
import { fitLogisticRegression, type LogisticModel } from '../../metrics/logistic-regression.ts';
import { createRandom, deriveSeed } from '../../metrics/random.ts';
import { thresholdAtFalsePositiveRate } from '../../metrics/threshold-metrics.ts';
import type { EstimateModel } from '../parts.ts';
import type { Group } from '../run-table/groups.ts';
import type { RunTable, SideColumns } from '../run-table/run-table.ts';
import type { Placement } from './clustered-rate.ts';
import { aurocOf, type DetectionScores, type Folds, positionsOf } from './detection-scores.ts';

/** Images of one class that a head is fitted on at most; drawn by seed. A head has some tens of weights, so more would cost time alone. */
export const mostTrainingImages = 2000;
/** Generators with fewer scored images get no head and no row of their own: half of ten images is nothing to learn from. Arbitrary. */
export const leastImagesOfUnit = 20;
/** Generators in the matrices at most, those with the most images: cells grow with the square. Arbitrary. */
export const mostUnits = 12;

export interface MeasuredFrame {
  readonly table: RunTable;
  readonly scores: DetectionScores;
  readonly split: Folds;
  /** Heads are fitted on images of this rewriting level, the lowest of the run. */
  readonly baseLevel: number;
  /** Positions in random order, so that a capped fit draws from all prompts and generators. */
  readonly order: { readonly synthetic: Uint32Array; readonly authentic: Uint32Array };
}

/** Null for detectors that bring scores of their own, and where prompts or photographs cannot be split. */
export function measuredFrame(table: RunTable, scores: DetectionScores, studySeed: number): MeasuredFrame | null {
  if (scores.folds === null) return null;
  const { syntheticClusters, authenticClusters, foldGroups, facts } = scores;
  const assignment = assignGroupedFolds({
    labels: [...syntheticClusters.map(() => 1 as const), ...authenticClusters.map(() => 0 as const)],
    groups: [...foldGroups.synthetic, ...foldGroups.authentic],
    folds: 2,
    seed: deriveSeed(studySeed, 'held-out', facts.detector),
  });
  if (assignment.status === 'unavailable') return null;
  const { folds, foldCount } = assignment;
  const cut = syntheticClusters.length;
  const seed = deriveSeed(studySeed, 'training-order', facts.detector);
  return {
    table,
    scores,
    split: { synthetic: folds.slice(0, cut), authentic: folds.slice(cut), foldCount },
    baseLevel: scores.samples.reduce((lowest, sample) => Math.min(lowest, table.samples.level.get(sample)), 255),
    order: { synthetic: shuffled(cut, seed), authentic: shuffled(authenticClusters.length, seed) },
  };
}

function shuffled(length: number, seed: number): Uint32Array {
  const random = createRandom(seed);
  const places = Uint32Array.from({ length }, () => random.nextUint32());
  return Uint32Array.from({ length }, (_, position) => position).sort((a, b) => places[a]! - places[b]! || a - b);
}

export interface TrainingRows {
  /** Positions in `scores.samples` and `scores.authenticRows`. */
  readonly synthetic: readonly number[];
  readonly authentic: readonly number[];
}

/** What the head that scores `fold` is fitted on: images of the lowest level by the given sources, and photographs, of the other fold. */
export function trainingRows(
  { table, scores, split, baseLevel, order }: MeasuredFrame,
  sources: Uint8Array,
  fold: number,
): TrainingRows {
  const synthetic: number[] = [];
  for (const position of order.synthetic) {
    if (synthetic.length === mostTrainingImages) break;
    const sample = scores.samples[position]!;
    if (split.synthetic[position] === fold || table.samples.level.get(sample) !== baseLevel) continue;
    if (sources[table.samples.source.get(sample)] === 1) synthetic.push(position);
  }
  const authentic = [...order.authentic].filter((position) => split.authentic[position] !== fold);
  return { synthetic, authentic: authentic.slice(0, mostTrainingImages) };
}

/** By fold: the head that scores it. */
export type Heads = readonly LogisticModel[];

/** Null where a half has no image of the sources or no photograph to learn from. */
function fitHeads(frame: MeasuredFrame, sources: Uint8Array): Heads | null {
  const { columns, samples, authenticRows } = frame.scores;
  const heads: LogisticModel[] = [];
  for (let fold = 0; fold < frame.split.foldCount; fold++) {
    const { synthetic, authentic } = trainingRows(frame, sources, fold);
    if (synthetic.length === 0 || authentic.length === 0) return null;
    heads.push(
      fitLogisticRegression({
        features: [
          ...synthetic.map((position) => columns.synthetic.features.row(samples[position]!)),
          ...authentic.map((position) => columns.authentic.features.row(authenticRows[position]!)),
        ],
        labels: [...synthetic.map(() => 1 as const), ...authentic.map(() => 0 as const)],
      }),
    );
  }
  return heads;
}

/** The heads of one detector under one protocol, each fitted once. */
export class HeadBank {
  readonly frame: MeasuredFrame;
  /** Generators with enough images, in the order of the tables. */
  readonly units: readonly Group[];
  /** Generators with enough images beyond `mostUnits`. */
  readonly unitsLeftOut: number;
  readonly #fitted = new Map<string, Heads | null>();

  constructor(frame: MeasuredFrame, groups: readonly Group[]) {
    this.frame = frame;
    const counted = groups
      .filter(({ kind }) => kind === 'model')
      .map((group) => ({ group, images: positionsOf(frame.table, frame.scores, group.sources).length }))
      .filter(({ images }) => images >= leastImagesOfUnit);
    const largest = new Set(counted.toSorted((a, b) => b.images - a.images).slice(0, mostUnits));
    this.units = counted.filter((entry) => largest.has(entry)).map(({ group }) => group);
    this.unitsLeftOut = counted.length - this.units.length;
  }

  headsOn(sources: Uint8Array): Heads | null {
    const key = sources.join('');
    const known = this.#fitted.get(key);
    if (known !== undefined) return known;
    const heads = fitHeads(this.frame, sources);
    this.#fitted.set(key, heads);
    return heads;
  }
}

/** Scores by heads that saw neither the prompt nor the photograph. */
export interface HeldOutScores {
  /** By sample index; NaN where there is none. */
  readonly bySample: Float64Array;
  /** Aligned with `scores.samples` and `scores.authenticRows`. */
  readonly synthetic: Float64Array;
  readonly authentic: Float64Array;
  /** At 5 % false positives on the photographs of the same half: heads have no common scale. By fold. */
  readonly thresholds: readonly number[];
}

/** Applies heads to images of the frame, under its own protocol or as other columns hold them; NaN where those lack the image. */
export function scoreWith(frame: MeasuredFrame, heads: Heads, columns = frame.scores.columns): HeldOutScores {
  const { scores, split, table } = frame;
  const own = scores.columns;
  const score = (side: SideColumns, like: SideColumns, row: number, fold: number): number =>
    side.status.get(row) === like.status.get(row) ? heads[fold]!.predict(side.features.row(row)) : Number.NaN;
  const synthetic = Float64Array.from(scores.samples, (sample, position) =>
    score(columns.synthetic, own.synthetic, sample, split.synthetic[position]!),
  );
  const authentic = Float64Array.from(scores.authenticRows, (row, position) =>
    score(columns.authentic, own.authentic, row, split.authentic[position]!),
  );
  const bySample = new Float64Array(table.samples.outcome.length).fill(Number.NaN);
  synthetic.forEach((value, position) => {
    bySample[scores.samples[position]!] = value;
  });
  const thresholds = heads.map((_, fold) => {
    const own = authentic.filter((value, position) => split.authentic[position] === fold && !Number.isNaN(value));
    return thresholdAtFalsePositiveRate(own, 0.05)?.threshold ?? Number.NaN;
  });
  return { bySample, synthetic, authentic, thresholds };
}

/** Fold by sample index; 255 where the sample has no score. */
export function foldBySample({ table, scores, split }: MeasuredFrame): Uint8Array {
  const folds = new Uint8Array(table.samples.outcome.length).fill(255);
  scores.samples.forEach((sample, position) => {
    folds[sample] = split.synthetic[position]!;
  });
  return folds;
}

/** Called synthetic at 5 % false positives by the head that scores it. */
export const calledBy =
  ({ bySample, thresholds }: Pick<HeldOutScores, 'bySample' | 'thresholds'>, folds: Uint8Array) =>
  (sample: number): Placement => {
    const threshold = thresholds[folds[sample]!];
    const value = bySample[sample]!;
    if (Number.isNaN(value) || threshold === undefined || Number.isNaN(threshold)) return 'outside';
    return value > threshold ? 'positive' : 'negative';
  };

/** AUROC of some images against all photographs, compared within halves. */
export const heldOutAuroc = (
  id: string,
  { scores, split }: MeasuredFrame,
  { synthetic, authentic }: HeldOutScores,
  positions: readonly number[],
): EstimateModel | null => aurocOf(id, { ...scores, synthetic, authentic, folds: split }, positions);

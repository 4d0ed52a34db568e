/**
 * Does detection survive what happens to pictures on their way? Each detector on the same images as received and after one
 * change to both classes. No test: a sweep of many changes would cost the claims their power, and intervals say as much.
 */
import { type Protocol, protocolSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { Placement } from '../../analysis/measures/clustered-rate.ts';
import type { DetectorContext } from '../../analysis/measures/detector-context.ts';
import { foldBySample, type HeadBank, scoreWith } from '../../analysis/measures/heads.ts';
import { shareDifference } from '../../analysis/measures/share-difference.ts';
import { count, estimateSchema, finite, groupSchema, id } from '../../analysis/parts.ts';
import { familiesAndAll, type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import { aurocDifference, type PairedScores } from '../../metrics/auroc-difference.ts';
import { thresholdAtFalsePositiveRate } from '../../metrics/threshold-metrics.ts';

/** One detector on one group of images, as received and after a change. Differences are changed minus as received. */
export const robustnessRowSchema = groupSchema.extend({
  id,
  detector: z.string(),
  perturbation: protocolSchema,
  /** Where a head was fitted in the run: it is the one fitted on images as received. */
  frozenHead: z.boolean(),
  /** Synthetic images that have a score both times. */
  images: count,
  auroc: finite.nullable(),
  aurocDifference: estimateSchema.nullable(),
  /** TPR at 5 % FPR with the threshold fixed on the changed authentic images. */
  recallAt5: finite.nullable(),
  recallDifference: estimateSchema.nullable(),
  /** With the threshold fixed on the authentic images as received: what a detector in use would do. */
  recallAtOldThreshold: finite.nullable(),
  falseAlarmsAtOldThreshold: finite.nullable(),
});

export type RobustnessRow = z.infer<typeof robustnessRowSchema>;

/** Empty where the study does not ask or the run cannot answer. */
export const robustnessSchema = z.object({
  rows: z.array(robustnessRowSchema),
  /** Which detectors have no row under which perturbation, and why. */
  notes: z.array(z.string()),
});
export type RobustnessModel = z.infer<typeof robustnessSchema>;

/** The same images scored twice; scores compare within a fold only. */
interface TwoLooks {
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly folds: Uint8Array;
  readonly foldCount: number;
  /** Only photographs with both scores. */
  readonly authentic: {
    readonly before: readonly number[];
    readonly after: readonly number[];
    readonly folds: readonly number[];
    readonly clusters: readonly string[];
  };
}

/** A detector with scores of its own: as recorded under either protocol. */
function recordedLooks(received: DetectorContext, changed: DetectorContext): TwoLooks {
  const changedRows = new Map(
    Array.from(changed.scores.authenticRows, (row, position) => [row, changed.scores.authentic[position]!]),
  );
  const { authenticRows, authentic, authenticClusters } = received.scores;
  const shared = [...authenticRows.keys()].filter((position) => changedRows.has(authenticRows[position]!));
  return {
    before: received.bySample,
    after: changed.bySample,
    folds: new Uint8Array(received.bySample.length),
    foldCount: 1,
    authentic: {
      before: shared.map((position) => authentic[position]!),
      after: shared.map((position) => changedRows.get(authenticRows[position]!)!),
      folds: shared.map(() => 0),
      clusters: shared.map((position) => authenticClusters[position]!),
    },
  };
}

/** A detector that measures: heads fitted on images as received score both, as a trained detector meets changed images. */
function fittedLooks(bank: HeadBank, received: DetectorContext, changed: DetectorContext): TwoLooks | null {
  const { frame } = bank;
  const heads = bank.headsOn(new Uint8Array(received.table.sources.length).fill(1));
  if (heads === null) return null;
  const [before, after] = [scoreWith(frame, heads), scoreWith(frame, heads, changed.scores.columns)];
  const shared = [...after.authentic.keys()].filter((position) => !Number.isNaN(after.authentic[position]!));
  return {
    before: before.bySample,
    after: after.bySample,
    folds: foldBySample(frame),
    foldCount: frame.split.foldCount,
    authentic: {
      before: shared.map((position) => before.authentic[position]!),
      after: shared.map((position) => after.authentic[position]!),
      folds: shared.map((position) => frame.split.authentic[position]!),
      clusters: shared.map((position) => frame.scores.authenticClusters[position]!),
    },
  };
}

function thresholdsOf({ foldCount, authentic }: TwoLooks, look: 'before' | 'after'): number[] {
  return Array.from({ length: foldCount }, (_, fold) => {
    const own = authentic[look].filter((_, index) => authentic.folds[index] === fold);
    return thresholdAtFalsePositiveRate(own, 0.05)?.threshold ?? Number.NaN;
  });
}

const share = (flags: readonly boolean[]): number | null =>
  flags.length === 0 ? null : flags.filter(Boolean).length / flags.length;

function rowOf(context: DetectorContext, looks: TwoLooks, protocol: Protocol, group: Group): RobustnessRow | null {
  const { table, scores, studySeed } = context;
  const { before, after, folds, authentic } = looks;
  const id = `robustness/${scores.facts.detector}/${protocol}/${group.key}`;
  const samples = [...before.keys()].filter(
    (sample) =>
      group.sources[table.samples.source.get(sample)] === 1 &&
      !Number.isNaN(before[sample]!) &&
      !Number.isNaN(after[sample]!),
  );
  if (samples.length === 0 || authentic.before.length === 0) return null;
  const [old, fresh] = [thresholdsOf(looks, 'before'), thresholdsOf(looks, 'after')];
  const called = (values: Float64Array, thresholds: readonly number[]) => (sample: number) =>
    values[sample]! > thresholds[folds[sample]!]!;
  const place =
    (look: (sample: number) => boolean) =>
    (sample: number): Placement =>
      Number.isNaN(before[sample]!) || Number.isNaN(after[sample]!) ? 'outside' : look(sample) ? 'positive' : 'negative';
  const areas = aurocDifference(partsOf(context, looks, samples));
  return {
    ...groupFacts(group),
    id,
    detector: scores.facts.detector,
    perturbation: protocol,
    frozenHead: scores.folds !== null,
    images: samples.length,
    auroc: areas?.first ?? null,
    aurocDifference: areas && {
      id: `${id}/auroc-difference`,
      value: areas.difference,
      interval: areas.low === null || areas.high === null ? null : { low: areas.low, high: areas.high },
    },
    recallAt5: share(samples.map(called(after, fresh))),
    recallDifference: shareDifference(
      `${id}/recall-difference`,
      table,
      { sources: group.sources, first: place(called(after, fresh)), second: place(called(before, old)) },
      studySeed,
    ),
    recallAtOldThreshold: share(samples.map(called(after, old))),
    falseAlarmsAtOldThreshold: share(authentic.after.map((value, index) => value > old[authentic.folds[index]!]!)),
  };
}

function partsOf({ table }: DetectorContext, looks: TwoLooks, samples: readonly number[]): PairedScores[] {
  const { before, after, folds, authentic } = looks;
  return Array.from({ length: looks.foldCount }, (_, fold) => {
    const own = samples.filter((sample) => folds[sample] === fold);
    const rows = [...authentic.before.keys()].filter((index) => authentic.folds[index] === fold);
    return {
      first: { positives: own.map((sample) => after[sample]!), negatives: rows.map((index) => authentic.after[index]!) },
      second: { positives: own.map((sample) => before[sample]!), negatives: rows.map((index) => authentic.before[index]!) },
      clusters: {
        positives: own.map((sample) => table.clusters[table.samples.cluster.get(sample)]!),
        negatives: rows.map((index) => authentic.clusters[index]!),
      },
    };
  });
}

/** Rows for each family and all synthetic images, for one detector under one change. `bank` belongs to `received`. */
export function robustnessRows(received: DetectorContext, changed: DetectorContext, bank: HeadBank | null): RobustnessRow[] {
  const isFitted = received.scores.folds !== null;
  const looks = isFitted ? bank && fittedLooks(bank, received, changed) : recordedLooks(received, changed);
  if (looks === null) return [];
  return familiesAndAll(received.table, received.groups)
    .map((group) => rowOf(received, looks, changed.scores.protocol, group))
    .filter((row) => row !== null);
}

/** Panel B: each detector under each protocol against the same authentic images. */

import { protocolSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { rateOf, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { aurocOf, countAuthenticUnscored, positionsOf } from '../../analysis/measures/detection-scores.ts';
import { type DetectorContext, recallAt } from '../../analysis/measures/detector-context.ts';
import { countUnscored } from '../../analysis/measures/judged-samples.ts';
import {
  count,
  estimateSchema,
  type FamilyKey,
  familyKey,
  finite,
  groupSchema,
  id,
  rateSchema,
  unscoredSchema,
} from '../../analysis/parts.ts';
import { type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import { averagePrecision } from '../../metrics/average-precision.ts';
import { rocCurve } from '../../metrics/roc.ts';
import { accuracyAt, equalErrorRate } from '../../metrics/threshold-metrics.ts';

export const detectionRowSchema = groupSchema.extend({
  id,
  seen: z.enum(['seen', 'unseen', 'not stated', 'mixed', 'fitted within the run']),
  synthetic: count,
  authentic: count,
  unscored: unscoredSchema,
  auroc: estimateSchema.nullable(),
  averagePrecision: finite.nullable(),
  accuracySynthetic: finite.nullable(),
  accuracyAuthentic: finite.nullable(),
  balancedAccuracy: finite.nullable(),
  equalErrorRate: finite.nullable(),
  recallAt1: rateSchema.nullable(),
  recallAt5: rateSchema.nullable(),
  recallAt10: rateSchema.nullable(),
});

export type DetectionRow = z.infer<typeof detectionRowSchema>;

export const rocSchema = z.object({ family: familyKey, points: z.array(z.tuple([finite, finite])) });

export const histogramSchema = z.object({ series: z.string(), counts: z.array(count).length(20) });

export const detectorSchema = z.object({
  id,
  detector: z.string(),
  plugin: z.string(),
  protocol: protocolSchema,
  crossFitted: z.boolean(),
  trainedOn: z.array(z.string()),
  /** Why there are no rows: no control, no authentic images, one class only. */
  notShown: z.string().nullable(),
  authenticUnscored: unscoredSchema,
  rows: z.array(detectionRowSchema),
  roc: z.array(rocSchema),
  histograms: z.array(histogramSchema),
});

export type DetectorModel = z.infer<typeof detectorSchema>;

function seenOf(context: DetectorContext, group: Group): DetectionRow['seen'] {
  const { facts, folds } = context.scores;
  if (folds !== null) return 'fitted within the run';
  if (facts.trainedOn.length === 0) return 'not stated';
  const members = context.table.sources.filter((_, index) => group.sources[index] === 1);
  const seen = members.filter(
    ({ model, generator }) => facts.trainedOn.includes(model) || facts.trainedOn.includes(generator),
  ).length;
  return seen === 0 ? 'unseen' : seen === members.length ? 'seen' : 'mixed';
}

function rowOf(context: DetectorContext, group: Group): DetectionRow {
  const { table, scores, studySeed } = context;
  const id = `detection/${scores.facts.detector}/${scores.protocol}/${group.key}`;
  const positions = positionsOf(table, scores, group.sources);
  const synthetic = Float64Array.from(positions, (position) => scores.synthetic[position]!);
  const accuracy = accuracyAt(synthetic, scores.authentic);
  const recall = (percent: number) => {
    const place = recallAt(context, percent / 100);
    return place === null
      ? null
      : rateOf(`${id}/recall-at-${percent}`, tallyClusters(table, group.sources, place), studySeed);
  };
  return {
    ...groupFacts(group),
    id,
    seen: seenOf(context, group),
    synthetic: synthetic.length,
    authentic: scores.authentic.length,
    unscored: countUnscored(table, group.sources, (sample) => scores.columns.synthetic.status.get(sample)),
    auroc: aurocOf(`${id}/auroc`, scores, positions),
    averagePrecision: averagePrecision(synthetic, scores.authentic).value,
    accuracySynthetic: accuracy.fakeAccuracy,
    accuracyAuthentic: accuracy.realAccuracy,
    balancedAccuracy: accuracy.balancedAccuracy,
    equalErrorRate: equalErrorRate(synthetic, scores.authentic)?.rate ?? null,
    recallAt1: recall(1),
    recallAt5: recall(5),
    recallAt10: recall(10),
  };
}

const mostRocPoints = 200;

/** At most 200 points, spread evenly along the curve; both ends are exact. */
function rocPoints(synthetic: ArrayLike<number>, authentic: ArrayLike<number>): [number, number][] {
  const curve = rocCurve(synthetic, authentic);
  if (curve === null) return [];
  const points = Array.from(curve.falsePositiveRates, (x, index): [number, number] => [x, curve.truePositiveRates[index]!]);
  if (points.length <= mostRocPoints) return points;
  // x + y rises from 0 to 2 along the curve, so equal steps of it thin out neither end.
  const thinned: [number, number][] = [points[0]!];
  for (const point of points.slice(1, -1)) {
    const next = (2 * thinned.length) / (mostRocPoints - 1);
    if (point[0] + point[1] >= next && thinned.length < mostRocPoints - 1) thinned.push(point);
  }
  return [...thinned, points.at(-1)!];
}

const bins = 20;

function histogram(series: string, values: ArrayLike<number>): DetectorModel['histograms'][number] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of Array.from(values)) counts[Math.min(bins - 1, Math.floor(value * bins))]! += 1;
  return { series, counts };
}

/** `notShown` wins over everything: without it no number of this detector leaves this function. */
export function detectorPanel(
  context: DetectorContext,
  notShown: string | null,
  { withPlots = true }: { readonly withPlots?: boolean } = {},
): DetectorModel {
  const { table, scores, groups } = context;
  const { facts, protocol } = scores;
  const base = {
    id: `detection/${facts.detector}/${protocol}`,
    detector: facts.detector,
    plugin: facts.plugin,
    protocol,
    crossFitted: scores.folds !== null,
    trainedOn: [...facts.trainedOn],
    notShown,
    authenticUnscored: countAuthenticUnscored(table, scores.columns),
  };
  if (notShown !== null) return { ...base, rows: [], roc: [], histograms: [] };
  const rows = groups.map((group) => rowOf(context, group));
  if (!withPlots) return { ...base, rows, roc: [], histograms: [] };
  const families = groups
    .filter((group) => group.kind === 'family')
    .map((group) => ({
      family: group.family as FamilyKey,
      scores: positionsOf(table, scores, group.sources).map((position) => scores.synthetic[position]!),
    }))
    .filter((family) => family.scores.length > 0);
  return {
    ...base,
    rows,
    roc: families.map((family) => ({ family: family.family, points: rocPoints(family.scores, scores.authentic) })),
    histograms: [
      histogram('authentic', scores.authentic),
      ...families.map((family) => histogram(family.family, family.scores)),
    ],
  };
}

/** Do abstract prompts come out corrupted? Slope of corruption on a rating of the text, by family, and the difference of the slopes. */

import { z } from 'zod';
import { type CorruptionContext, isCorruptionScored } from '../../analysis/measures/corruption-tools.ts';
import { addPoint, interceptOfSums, lineColumns, slopeOfSums } from '../../analysis/measures/least-squares.ts';
import { familyGroup } from '../../analysis/measures/section-tools.ts';
import {
  count,
  type EstimateModel,
  estimateSchema,
  type FamilyKey,
  type FamilyTest,
  familyKey,
  id,
  testSchema,
} from '../../analysis/parts.ts';
import type { SumStatistic } from '../../metrics/cluster-bootstrap.ts';
import { clusterJackknife } from '../../metrics/cluster-jackknife.ts';
import type { CorruptionJudgeModel } from './corruption.ts';

export const dependenceSchema = z.object({
  id,
  /** `abstractness`: a rating in [0, 1] of the text; `words`: its length, where no rater of abstractness is part of the study. */
  predictor: z.enum(['abstractness', 'words']),
  rater: z.string().nullable(),
  families: z.array(
    z.object({
      family: familyKey,
      /** Change of the share of corrupted images from a rating of 0 to 1, or for ten more words. */
      slope: testSchema,
      intercept: estimateSchema,
      samples: count,
    }),
  ),
  /** Slope of diffusion models minus slope of MLLMs: above zero means that diffusion models suffer more. */
  difference: testSchema.nullable(),
  /** Scored images of prompts without a rating. */
  unrated: count,
});

export type DependenceModel = z.infer<typeof dependenceSchema>;

/** Slopes on length are for ten more words, as in the bypass section. */
const wordsPerUnit = 10;
/** Fewer prompts leave the variance of a slope without meaning; arbitrary, as in the bypass section. */
const fewestPrompts = 10;

interface Predictor {
  readonly predictor: DependenceModel['predictor'];
  readonly rater: string | null;
  /** Null where the prompt has no rating, or no text. */
  ratingOf(sample: number): number | null;
}

function predictorsOf({ table }: CorruptionContext): Predictor[] {
  const { abstractness, words } = table.samples;
  const ratings = [...abstractness].map(
    ([rater, column]): Predictor => ({
      predictor: 'abstractness',
      rater,
      ratingOf: (sample) => (column.get(sample) === 0 ? null : column.get(sample) - 1),
    }),
  );
  if (ratings.length > 0) return ratings;
  const ratingOf = (sample: number): number | null => (words.get(sample) === 0 ? null : words.get(sample) / wordsPerUnit);
  return [{ predictor: 'words', rater: null, ratingOf }];
}

/** Sums of a line by cluster of prompts, MLLM's then diffusion's, in the order of the first sample. */
function sumsByCluster(context: CorruptionContext, { ratingOf }: Predictor): Float64Array[] {
  const { table, groups, corruption } = context;
  const { outcome, source, cluster } = table.samples;
  const sides = [familyGroup(groups, 'mllm')?.sources, familyGroup(groups, 'diffusion')?.sources];
  const rows = new Map<number, Float64Array>();
  for (let sample = 0; sample < outcome.length; sample++) {
    const side = sides.findIndex((sources) => sources?.[source.get(sample)] === 1);
    const value = side === -1 || !isCorruptionScored(context, sample) ? null : ratingOf(sample);
    if (value === null) continue;
    const row = rows.get(cluster.get(sample)) ?? new Float64Array(2 * lineColumns);
    rows.set(cluster.get(sample), row);
    addPoint(row, side * lineColumns, value, corruption.corrupted.get(sample));
  }
  return [...rows.values()];
}

interface SumsOfLines {
  readonly columns: readonly (readonly number[])[];
  /** Prompts of the smaller side. */
  readonly prompts: number;
}

function tested(id: string, { columns, prompts }: SumsOfLines, statistic: SumStatistic): FamilyTest | null {
  const clusters = columns[0]!.length;
  if (prompts < fewestPrompts) return null;
  const { estimate, low, high, pValue } = clusterJackknife(columns, statistic, { degrees: prompts - 1 });
  if (estimate === null) return null;
  const interval = low === null || high === null ? null : { low, high };
  return { id, difference: estimate, interval, pValue, pAdjusted: null, effectSize: null, pairs: clusters };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function familyLine(
  id: string,
  rows: readonly Float64Array[],
  side: { readonly family: FamilyKey; readonly at: number },
): DependenceModel['families'][number] | null {
  const own = rows.filter((row) => row[side.at]! > 0);
  const columns = Array.from({ length: lineColumns }, (_, column) => own.map((row) => row[side.at + column]!));
  const data = { columns, prompts: own.length };
  const slope = tested(`${id}/${side.family}/slope`, data, (sums) => slopeOfSums(sums));
  const line = tested(`${id}/${side.family}/intercept`, data, (sums) => interceptOfSums(sums));
  if (slope === null || line === null) return null;
  const intercept: EstimateModel = { id: line.id, value: line.difference, interval: line.interval };
  return { family: side.family, slope, intercept, samples: total(columns[0]!) };
}

function unratedImages(context: CorruptionContext, { ratingOf }: Predictor): number {
  const { outcome } = context.table.samples;
  let unrated = 0;
  for (let sample = 0; sample < outcome.length; sample++)
    if (isCorruptionScored(context, sample) && ratingOf(sample) === null) unrated++;
  return unrated;
}

function effectOf(context: CorruptionContext, predictor: Predictor): DependenceModel | null {
  const id = `corruption/${context.corruption.facts.judge}/dependence/${predictor.rater ?? predictor.predictor}`;
  const rows = sumsByCluster(context, predictor);
  const families = [
    familyLine(id, rows, { family: 'diffusion', at: lineColumns }),
    familyLine(id, rows, { family: 'mllm', at: 0 }),
  ].filter((line) => line !== null);
  if (families.length === 0) return null;
  const columns = Array.from({ length: 2 * lineColumns }, (_, column) => rows.map((row) => row[column]!));
  const difference = (sums: Float64Array): number | null => {
    const [mllm, diffusion] = [slopeOfSums(sums), slopeOfSums(sums, lineColumns)];
    return mllm === null || diffusion === null ? null : diffusion - mllm;
  };
  const prompts = Math.min(...families.map(({ slope }) => slope.pairs));
  return {
    id,
    predictor: predictor.predictor,
    rater: predictor.rater,
    families,
    difference: families.length < 2 ? null : tested(`${id}/difference`, { columns, prompts }, difference),
    unrated: unratedImages(context, predictor),
  };
}

export function corruptionDependence(context: CorruptionContext): CorruptionJudgeModel['dependence'] {
  const effects = predictorsOf(context)
    .map((predictor) => effectOf(context, predictor))
    .filter((effect) => effect !== null);
  const reason =
    effects.length === 0 ? `ratings and lengths of prompts do not vary over at least ${fewestPrompts} prompts.` : null;
  return { reason, effects };
}

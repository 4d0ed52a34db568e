/** Does a score fall as prompts get longer? Least-squares slopes with intervals over prompts, within prompts where that is possible. */

import { z } from 'zod';
import { clusterJackknife } from '../../metrics/cluster-jackknife.ts';
import { count, finite, groupSchema, id, intervalSchema } from '../parts.ts';
import { type Group, groupFacts } from '../run-table/groups.ts';
import type { RunTable } from '../run-table/run-table.ts';
import { type ArmScores, armId } from './arm-scores.ts';
import { addPoint, lineColumns } from './least-squares.ts';

export const predictorSchema = z.enum(['level', 'words', 'tokens']);

export type SlopePredictor = z.infer<typeof predictorSchema>;

export const lengthSlopeSchema = groupSchema.extend({
  id,
  predictor: predictorSchema,
  /** Within prompts: only differences between images of one prompt by one generator count. Else across prompts. */
  withinPrompts: z.boolean(),
  slope: finite,
  interval: intervalSchema.nullable(),
  pValue: finite.nullable(),
  samples: count,
  prompts: count,
});

export type LengthSlope = z.infer<typeof lengthSlopeSchema>;

/** Slope of MLLM images minus slope of diffusion images. */
export const slopeDifferenceSchema = z.object({
  id,
  predictor: predictorSchema,
  withinPrompts: z.boolean(),
  difference: finite,
  interval: intervalSchema.nullable(),
  pValue: finite.nullable(),
});

export type SlopeDifference = z.infer<typeof slopeDifferenceSchema>;

/** Slopes are given for ten more words or tokens, so that they are not all zeros to three digits. */
const perUnit = 10;
/** Fewer prompts leave the variance of a slope without meaning; arbitrary. */
const fewestPrompts = 10;
const predictors = ['level', 'words', 'tokens'] as const satisfies readonly SlopePredictor[];

/** Value of the predictor, or null where it is not known. */
function lengthOf({ samples, tokenizers }: RunTable, predictor: SlopePredictor, sample: number): number | null {
  if (predictor === 'level') return samples.level.get(sample);
  const words = samples.words.get(sample);
  if (predictor === 'words') return words === 0 ? null : words / perUnit;
  // Counts of two tokenizers do not compare.
  const tokens = samples.tokens.get(sample);
  return tokens === 0 || tokenizers.length !== 1 ? null : (tokens - 1) / perUnit;
}

/** Of one prompt: count, Σx, Σy, Σx², Σxy over all images, and Σ(x−x̄)², Σ(x−x̄)(y−ȳ) within its generators (and languages). */
type Sums = [n: number, x: number, y: number, xx: number, xy: number, withinXx: number, withinXy: number];

function sumsByPrompt({ table, bySample }: ArmScores, sources: Uint8Array, predictor: SlopePredictor): Map<number, Sums> {
  const cells = new Map<number, { prompt: number; sums: Float64Array }>();
  const { source, cluster, language } = table.samples;
  // Words of two languages do not compare: groups of translations hold both.
  const tongues = predictor === 'level' ? 1 : table.languages.length;
  for (let sample = 0; sample < bySample.length; sample++) {
    const y = bySample[sample]!;
    if (Number.isNaN(y) || sources[source.get(sample)] === 0) continue;
    const x = lengthOf(table, predictor, sample);
    if (x === null) continue;
    const prompt = cluster.get(sample);
    const tongue = predictor === 'level' ? 0 : language.get(sample);
    const key = (prompt * table.sources.length + source.get(sample)) * tongues + tongue;
    const cell = cells.get(key) ?? { prompt, sums: new Float64Array(lineColumns) };
    addPoint(cell.sums, 0, x, y);
    cells.set(key, cell);
  }
  const prompts = new Map<number, Sums>();
  for (const { prompt, sums } of cells.values()) {
    const [n, x, y, xx, xy] = [sums[0]!, sums[1]!, sums[2]!, sums[3]!, sums[4]!];
    const row = prompts.get(prompt) ?? [0, 0, 0, 0, 0, 0, 0];
    const spread = xx - (x * x) / n;
    // A single length leaves rounding alone; it must not count as spread.
    const within = spread <= 1e-9 * xx ? [0, 0] : [spread, xy - (x * y) / n];
    [n, x, y, xx, xy, ...within].forEach((value, column) => {
      row[column]! += value;
    });
    prompts.set(prompt, row);
  }
  return prompts;
}

/** Within prompts: Σ within-products over Σ within-squares. Null where the length of no prompt varies. */
const withinSlope = (sums: ArrayLike<number>): number | null => (sums[5]! > 0 ? sums[6]! / sums[5]! : null);

/** Across prompts: least squares through all images; null where x does not vary. */
function pooledSlope(sums: ArrayLike<number>): number | null {
  const [n, x, y, xx, xy] = [sums[0]!, sums[1]!, sums[2]!, sums[3]!, sums[4]!];
  const spread = n * xx - x * x;
  // Relative bound: equal lengths leave only rounding, which is no spread to divide by.
  return spread <= 1e-9 * n * xx ? null : (n * xy - x * y) / spread;
}

const varies = (row: Sums): boolean => row[5] > 0;

const columnsOf = (rows: readonly Sums[]): number[][] =>
  [0, 1, 2, 3, 4, 5, 6].map((column) => rows.map((row) => row[column]!));

function slopeOf(arm: ArmScores, group: Group, predictor: SlopePredictor): LengthSlope | null {
  const rows = [...sumsByPrompt(arm, group.sources, predictor).values()];
  const varying = rows.filter(varies);
  const withinPrompts = varying.length >= fewestPrompts;
  if (rows.length < fewestPrompts) return null;
  // Prompts of one length say nothing within prompts, and must not count as degrees of freedom.
  const used = withinPrompts ? varying : rows;
  const id = `${armId(arm)}/${group.key}/slope:${predictor}`;
  const { estimate, low, high, pValue } = clusterJackknife(columnsOf(used), withinPrompts ? withinSlope : pooledSlope);
  if (estimate === null) return null;
  return {
    ...groupFacts(group),
    id,
    predictor,
    withinPrompts,
    slope: estimate,
    interval: low === null || high === null ? null : { low, high },
    pValue,
    samples: rows.reduce((sum, row) => sum + row[0], 0),
    prompts: used.length,
  };
}

/** Each predictor for each group, where it varies. Generators by level alone. */
export function lengthSlopes(arm: ArmScores, groups: readonly Group[]): LengthSlope[] {
  return groups
    .flatMap((group) =>
      predictors
        .filter((predictor) => group.kind === 'family' || predictor === 'level')
        .map((predictor) => slopeOf(arm, group, predictor)),
    )
    .filter((row) => row !== null);
}

const usedRows = (rows: Map<number, Sums>, withinPrompts: boolean): Map<number, Sums> =>
  withinPrompts ? new Map([...rows].filter(([, row]) => varies(row))) : rows;

/** MLLM minus diffusion, leaving prompts out of both together; only slopes of one kind are compared. */
export function slopeDifferences(
  arm: ArmScores,
  groups: readonly Group[],
  slopes: readonly LengthSlope[],
): SlopeDifference[] {
  const familyOf = (family: 'mllm' | 'diffusion') =>
    groups.find((group) => group.kind === 'family' && group.family === family);
  const [mllm, diffusion] = [familyOf('mllm'), familyOf('diffusion')];
  if (mllm === undefined || diffusion === undefined) return [];
  return predictors.flatMap((predictor): SlopeDifference[] => {
    const [own, other] = [mllm, diffusion].map(({ label }) =>
      slopes.find((slope) => slope.predictor === predictor && slope.kind === 'family' && slope.label === label),
    );
    if (own === undefined || other === undefined || own.withinPrompts !== other.withinPrompts) return [];
    const sides = [mllm, diffusion].map((group) => usedRows(sumsByPrompt(arm, group.sources, predictor), own.withinPrompts));
    const prompts = [...new Set(sides.flatMap((side) => [...side.keys()]))];
    const columns = sides.flatMap((side) => columnsOf(prompts.map((prompt) => side.get(prompt) ?? [0, 0, 0, 0, 0, 0, 0])));
    const slope = own.withinPrompts ? withinSlope : pooledSlope;
    const id = `${armId(arm)}/slope-difference:${predictor}`;
    const { estimate, low, high, pValue } = clusterJackknife(
      columns,
      (sums) => {
        const [a, b] = [slope(sums.subarray(0, 7)), slope(sums.subarray(7))];
        return a === null || b === null ? null : a - b;
      },
      { degrees: Math.min(...sides.map((side) => side.size)) - 1 },
    );
    if (estimate === null) return [];
    const interval = low === null || high === null ? null : { low, high };
    return [{ id, predictor, withinPrompts: own.withinPrompts, difference: estimate, interval, pValue }];
  });
}

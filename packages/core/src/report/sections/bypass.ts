/**
 * Claim 4's tables: what longer prompts do to detection, compared within a prompt. A detector is read as it is and, where
 * it measures features, with heads retrained in the run on images of the prompts as given, then tested on all levels of
 * prompts that no head saw. Prompts are split whole: no caption, at any level, stands on both sides.
 */

import { z } from 'zod';
import { type ArmScores, armId } from '../../analysis/measures/arm-scores.ts';
import {
  type ClusterTallies,
  isOutside,
  type Placement,
  rateOf,
  resamplingOf,
  tallyClusters,
} from '../../analysis/measures/clustered-rate.ts';
import { type DetectorContext, recallAt } from '../../analysis/measures/detector-context.ts';
import { pairedTest } from '../../analysis/measures/family-difference.ts';
import { calledBy, foldBySample, type HeadBank, scoreWith } from '../../analysis/measures/heads.ts';
import {
  lengthSlopeSchema,
  lengthSlopes,
  slopeDifferenceSchema,
  slopeDifferences,
} from '../../analysis/measures/length-slopes.ts';
import { count, estimateSchema, groupSchema, id, ofDetector, rateSchema, testSchema } from '../../analysis/parts.ts';
import { type Group, groupFacts, groupOfSources } from '../../analysis/run-table/groups.ts';
import { clusterIntervalOfRatio } from '../../metrics/cluster-interval.ts';
import { holmAdjust } from '../../metrics/holm.ts';

export const levelRowSchema = groupSchema.extend({
  id,
  level: count,
  images: count,
  prompts: count,
  meanScore: estimateSchema,
  recallAt5: rateSchema,
});

export type LevelRow = z.infer<typeof levelRowSchema>;

/** Level minus the lowest level, paired by prompt and generator; p by sign flips, adjusted over the arm's differences. */
export const levelDifferenceSchema = groupSchema.extend({
  id,
  level: count,
  measure: z.enum(['score', 'recall at 5 % FPR']),
  test: testSchema,
});

export type LevelDifference = z.infer<typeof levelDifferenceSchema>;

/** One detector, as it is or with a head retrained in the run on images of the lowest level only. */
export const bypassArmSchema = z.object({
  id,
  ...ofDetector,
  /** Null: the detector as in panel B. Else what the head was retrained on. */
  retrainedOn: z.string().nullable(),
  levels: z.array(levelRowSchema),
  differences: z.array(levelDifferenceSchema),
  slopes: z.array(lengthSlopeSchema),
  slopeDifferences: z.array(slopeDifferenceSchema),
});

export type BypassArm = z.infer<typeof bypassArmSchema>;

/** Empty where the study does not ask or the run cannot answer. */
export const bypassSchema = z.object({ arms: z.array(bypassArmSchema), notes: z.array(z.string()) });
export type BypassModel = z.infer<typeof bypassSchema>;

/** Levels that have scored images, rising. */
export function levelsOf({ table, bySample }: Pick<ArmScores, 'table' | 'bySample'>): number[] {
  const present = new Set<number>();
  for (let sample = 0; sample < bySample.length; sample++)
    if (!Number.isNaN(bySample[sample]!)) present.add(table.samples.level.get(sample));
  return [...present].sort((a, b) => a - b);
}

const atLevel =
  ({ table, place }: ArmScores, level: number) =>
  (sample: number): Placement =>
    table.samples.level.get(sample) === level ? place(sample) : 'outside';

/** Sums of scores for counts of hits: a mean score is a rate of fractions. */
function scoreTallies(
  { table, bySample }: ArmScores,
  sources: Uint8Array,
  includes: (sample: number) => boolean,
): ClusterTallies {
  const rows = new Map<number, [number, number]>();
  const { source, cluster } = table.samples;
  for (let sample = 0; sample < bySample.length; sample++) {
    const score = bySample[sample]!;
    if (Number.isNaN(score) || sources[source.get(sample)] === 0 || !includes(sample)) continue;
    const row = rows.get(cluster.get(sample)) ?? [0, 0];
    row[0] += score;
    row[1] += 1;
    rows.set(cluster.get(sample), row);
  }
  const entries = [...rows];
  return {
    clusters: entries.map(([cluster]) => cluster),
    positives: entries.map(([, [sum]]) => sum),
    trials: entries.map(([, [, count]]) => count),
  };
}

function levelRow(arm: ArmScores, group: Group, level: number): LevelRow | null {
  const { table, studySeed } = arm;
  const id = `${armId(arm)}/${group.key}/level:${level}`;
  const scores = scoreTallies(arm, group.sources, (sample) => table.samples.level.get(sample) === level);
  const images = scores.trials.reduce((sum, count) => sum + count, 0);
  if (images === 0) return null;
  const { estimate, low, high } = clusterIntervalOfRatio(scores.positives, scores.trials, {
    ...resamplingOf(studySeed, `${id}/mean-score`, scores.clusters.length),
    range: [0, 1],
  });
  return {
    ...groupFacts(group),
    id,
    level,
    images,
    prompts: scores.clusters.length,
    meanScore: { id: `${id}/mean-score`, value: estimate!, interval: low === null || high === null ? null : { low, high } },
    recallAt5: rateOf(`${id}/recall-at-5`, tallyClusters(table, group.sources, atLevel(arm, level)), studySeed),
  };
}

/** Prompt × generator cells that have scored images at both levels: a generator that failed on one level must not move the other. */
function sharedCells({ table, bySample }: ArmScores, levels: readonly [number, number]): (sample: number) => boolean {
  const { source, cluster, level } = table.samples;
  const seen = new Uint8Array(table.clusters.length * table.sources.length);
  const cellOf = (sample: number): number => cluster.get(sample) * table.sources.length + source.get(sample);
  for (let sample = 0; sample < bySample.length; sample++) {
    const bit = levels.indexOf(level.get(sample));
    if (bit === -1 || Number.isNaN(bySample[sample]!)) continue;
    seen[cellOf(sample)]! |= 1 << bit;
  }
  return (sample) => seen[cellOf(sample)] === 3;
}

/**
 * Means of prompt × generator cells, summed by prompt: a generator that gave more images at one level than at the other must not
 * weigh more there.
 */
function cellTallies({ table }: ArmScores, sources: Uint8Array, valueAt: (sample: number) => number | null): ClusterTallies {
  const cells = new Map<number, { readonly cluster: number; sum: number; count: number }>();
  const { outcome, source, cluster } = table.samples;
  for (let sample = 0; sample < outcome.length; sample++) {
    if (outcome.get(sample) === 0 || sources[source.get(sample)] === 0) continue;
    const value = valueAt(sample);
    if (value === null) continue;
    const key = cluster.get(sample) * table.sources.length + source.get(sample);
    const cell = cells.get(key) ?? { cluster: cluster.get(sample), sum: 0, count: 0 };
    cell.sum += value;
    cell.count += 1;
    cells.set(key, cell);
  }
  const prompts = new Map<number, [number, number]>();
  for (const { cluster: prompt, sum, count } of cells.values()) {
    const row = prompts.get(prompt) ?? [0, 0];
    row[0] += sum / count;
    row[1] += 1;
    prompts.set(prompt, row);
  }
  return {
    clusters: [...prompts.keys()],
    positives: [...prompts.values()].map(([sum]) => sum),
    trials: [...prompts.values()].map(([, count]) => count),
  };
}

const shareOf = (placement: Placement): number | null => (isOutside(placement) ? null : Number(placement === 'positive'));

/** Level minus the lowest, or the reverse for a fall; paired by prompt over prompt × generator cells that have both. */
export function levelTest(
  id: string,
  arm: ArmScores,
  { group, levels, measure }: { group: Group; levels: readonly [number, number]; measure: LevelDifference['measure'] },
): LevelDifference['test'] | null {
  const { table } = arm;
  const isShared = sharedCells(arm, levels);
  const side = (level: number): ClusterTallies => {
    const isOwn = (sample: number): boolean => table.samples.level.get(sample) === level && isShared(sample);
    const scoreAt = (sample: number): number | null => (Number.isNaN(arm.bySample[sample]!) ? null : arm.bySample[sample]!);
    return cellTallies(arm, group.sources, (sample) => {
      if (!isOwn(sample)) return null;
      return measure === 'score' ? scoreAt(sample) : shareOf(arm.place(sample));
    });
  };
  return pairedTest(id, table, [side(levels[0]), side(levels[1])], arm.studySeed);
}

/** Families at every level by both measures; generators at the highest level by what is caught. */
function levelDifferences(arm: ArmScores, groups: readonly Group[], levels: readonly number[]): LevelDifference[] {
  const [lowest, ...higher] = levels;
  const wanted = groups.flatMap((group) => {
    const isFamily = group.kind === 'family' || group.kind === 'all';
    return (isFamily ? higher : higher.slice(-1)).flatMap((level) =>
      (isFamily ? (['score', 'recall at 5 % FPR'] as const) : (['recall at 5 % FPR'] as const)).map((measure) => ({
        group,
        level,
        measure,
      })),
    );
  });
  const rows = wanted.flatMap(({ group, level, measure }): LevelDifference[] => {
    const name = measure === 'score' ? 'score' : 'recall';
    const id = `${armId(arm)}/${group.key}/level:${level}-minus-${lowest}/${name}`;
    const test = levelTest(`${id}/test`, arm, { group, levels: [level, lowest!], measure });
    return test === null ? [] : [{ ...groupFacts(group), id, level, measure, test }];
  });
  const adjusted = holmAdjust(rows.map(({ test }) => test.pValue!));
  return rows.map((row, index) => ({ ...row, test: { ...row.test, pAdjusted: adjusted[index]! } }));
}

/** The tables of one arm; slopes only where `withSlopes`, and level tables only where levels vary. */
export function bypassArm(arm: ArmScores, groups: readonly Group[], withSlopes: boolean): BypassArm {
  const levels = levelsOf(arm);
  const slopes = withSlopes ? lengthSlopes(arm, groups) : [];
  return {
    id: armId(arm),
    detector: arm.detector,
    protocol: arm.protocol,
    retrainedOn: arm.retrainedOn,
    levels:
      levels.length < 2
        ? []
        : groups.flatMap((group) => levels.map((level) => levelRow(arm, group, level))).filter((row) => row !== null),
    differences: levels.length < 2 ? [] : levelDifferences(arm, groups, levels),
    slopes,
    slopeDifferences: withSlopes ? slopeDifferences(arm, groups, slopes) : [],
  };
}

/** The detector as panel B shows it. Null without a threshold. */
export function asItIs(context: DetectorContext): ArmScores | null {
  const place = recallAt(context, 0.05);
  const { scores, bySample, table, studySeed } = context;
  if (place === null) return null;
  const { facts, protocol } = scores;
  return { table, detector: facts.detector, protocol, retrainedOn: null, key: 'as-it-is', bySample, place, studySeed };
}

/** Heads fitted on the lowest level of the given generators, applied to every level of prompts that they did not see. */
export function retrainedOn(
  bank: HeadBank,
  { label, key, sources }: { readonly label: string; readonly key: string; readonly sources: Uint8Array },
  studySeed: number,
): ArmScores | null {
  const { frame } = bank;
  const heads = bank.headsOn(sources);
  if (heads === null) return null;
  const held = scoreWith(frame, heads);
  const { facts, protocol } = frame.scores;
  return {
    table: frame.table,
    detector: facts.detector,
    protocol,
    retrainedOn: label,
    key: `retrained:${key}`,
    bySample: held.bySample,
    place: calledBy(held, foldBySample(frame)),
    studySeed,
  };
}

/** Arms retrained on all generators, on all MLLMs, and on each MLLM, with the groups each is tested on. */
export function retrainedArms(bank: HeadBank, { groups, studySeed, table }: DetectorContext): BypassArm[] {
  const families = groups.filter(({ kind }) => kind === 'family');
  const mllm = families.find(({ family }) => family === 'mllm');
  const all = { label: 'all generators', key: 'all', sources: new Uint8Array(table.sources.length).fill(1) };
  const tables = (arm: ArmScores | null, tested: readonly Group[]): BypassArm[] =>
    arm === null ? [] : [bypassArm(arm, tested, false)];
  const onAll = tables(retrainedOn(bank, all, studySeed), families);
  if (mllm === undefined) return onAll;
  const onFamily =
    families.length > 1 ? tables(retrainedOn(bank, { ...mllm, label: 'all MLLMs' }, studySeed), families) : [];
  const single = bank.units.filter(({ family }) => family === 'mllm');
  const onEach =
    single.length < 2
      ? []
      : single.flatMap((unit) => {
          const others = mllm.sources.map((value, source) => value & (1 - unit.sources[source]!));
          const rest = groupOfSources(table, others, {
            kind: 'pooled',
            label: 'other MLLMs',
            key: `others-than:${unit.key}`,
            family: 'mllm',
          });
          return tables(retrainedOn(bank, unit, studySeed), [unit, rest]);
        });
  return [...onAll, ...onFamily, ...onEach];
}

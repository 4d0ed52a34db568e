/**
 * Panel A. Definitions as in `metrics/rates.ts`: a sample that was refused, blocked, empty or a placeholder is a sample
 * without an unsafe image and stays in "of all"; infrastructure faults and images without a score leave the denominator.
 */
import { hazardSchema, hazards } from '@diptych/plugin-kit';
import { z } from 'zod';
import { type Placement, rateOf, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import {
  corruptedOfAll,
  countUnscored,
  type JudgedTable,
  ofAll,
  unsafeOfAll,
  unsafeOfNonCorrupted,
} from '../../analysis/measures/judged-samples.ts';
import {
  count,
  type FamilyKey,
  familyKey,
  finite,
  groupSchema,
  id,
  intervalSchema,
  rateSchema,
  unscoredSchema,
} from '../../analysis/parts.ts';
import { type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import { answers, scoredCode } from '../../analysis/run-table/judge-columns.ts';
import { imageCode, intents } from '../../analysis/run-table/run-table.ts';

export const unsafeRowSchema = groupSchema.extend({
  id,
  unsafeOfAll: rateSchema,
  /** Null where the judge gives no corruption score. */
  corruptedOfAll: rateSchema.nullable(),
  unsafeOfNonCorrupted: rateSchema.nullable(),
  unscored: unscoredSchema,
});

export type UnsafeRow = z.infer<typeof unsafeRowSchema>;

export const hazardRowSchema = z.object({
  hazard: hazardSchema,
  covered: z.boolean(),
  /** Empty where the judge does not cover the hazard. */
  rates: z.array(z.object({ family: familyKey, rate: rateSchema })),
  /** Of single models, in the order of the judge's rows; empty where the hazard is not covered. */
  models: z.array(z.object({ label: z.string(), rate: rateSchema })),
});

export const kitagawaSchema = z.object({
  id,
  gap: finite,
  fromCorruption: finite,
  fromUnsafety: finite,
  share: finite.nullable(),
  /** Interval of `fromCorruption`. */
  interval: intervalSchema.nullable(),
});

export type KitagawaModel = z.infer<typeof kitagawaSchema>;

export const judgeSchema = z.object({
  id,
  judge: z.string(),
  plugin: z.string(),
  simulated: z.boolean(),
  covers: z.array(hazardSchema),
  threshold: finite,
  thresholdOrigin: z.string(),
  /** How its verdicts follow from other judges; null for a judge of its own. */
  ensemble: z.string().nullable(),
  /** The judge whose corruption scores are used: itself where it gives them, else the first that does. */
  corruptionJudge: z.string().nullable(),
  corruptionThreshold: finite.nullable(),
  images: count,
  scored: count,
  rows: z.array(unsafeRowSchema),
  hazards: z.array(hazardRowSchema),
  intents: z.array(z.object({ intent: z.enum(['unsafe', 'benign', 'unknown']), family: familyKey, rate: rateSchema })),
  decomposition: kitagawaSchema.nullable(),
});

export type JudgeModel = z.infer<typeof judgeSchema>;

function rowOf(judged: JudgedTable, group: Group, studySeed: number): UnsafeRow {
  const { table, judge, corruption } = judged;
  const id = `unsafe/${judge.facts.judge}/${group.key}`;
  const rate = (name: string, place: (sample: number) => Placement) =>
    rateOf(`${id}/${name}`, tallyClusters(table, group.sources, place), studySeed);
  return {
    ...groupFacts(group),
    id,
    unsafeOfAll: rate('unsafe-of-all', unsafeOfAll(judged)),
    corruptedOfAll: corruption ? rate('corrupted-of-all', corruptedOfAll(table, corruption)) : null,
    unsafeOfNonCorrupted: corruption
      ? rate('unsafe-of-non-corrupted', unsafeOfNonCorrupted(table, judge, corruption))
      : null,
    unscored: countUnscored(table, group.sources, (sample) => judge.status.get(sample)),
  };
}

const familyGroups = (groups: readonly Group[]): (Group & { family: FamilyKey })[] =>
  groups.filter((group): group is Group & { family: FamilyKey } => group.kind === 'family' && group.family !== null);

const isOfModels = ({ kind }: Group): boolean => kind === 'model' || kind === 'pooled';

function hazardRows({ table, judge }: JudgedTable, groups: readonly Group[], studySeed: number): JudgeModel['hazards'] {
  return hazards.map((hazard, bit) => {
    const covered = judge.facts.covers.includes(hazard);
    const place = ofAll(
      table,
      (sample) => answers(judge, sample, bit),
      (sample) => (judge.flags.get(sample) & (1 << bit)) !== 0,
    );
    const rate = (group: Group) =>
      rateOf(
        `unsafe/${judge.facts.judge}/hazard:${hazard}/${group.key}`,
        tallyClusters(table, group.sources, place),
        studySeed,
      );
    if (!covered) return { hazard, covered, rates: [], models: [] };
    return {
      hazard,
      covered,
      rates: familyGroups(groups).map((group) => ({ family: group.family, rate: rate(group) })),
      models: groups.filter(isOfModels).map((group) => ({ label: group.label, rate: rate(group) })),
    };
  });
}

function intentRows(judged: JudgedTable, groups: readonly Group[], studySeed: number): JudgeModel['intents'] {
  const { table, judge } = judged;
  const place = unsafeOfAll(judged);
  const rows = familyGroups(groups).flatMap((group) =>
    intents.map((intent, code) => {
      const within = (sample: number): Placement => (table.samples.intent.get(sample) === code ? place(sample) : 'outside');
      const id = `unsafe/${judge.facts.judge}/intent:${intent}/${group.key}`;
      return { intent, family: group.family, rate: rateOf(id, tallyClusters(table, group.sources, within), studySeed) };
    }),
  );
  return rows.filter(({ rate }) => rate.total > 0);
}

function countImages({ table, judge }: JudgedTable): { images: number; scored: number } {
  let [images, scored] = [0, 0];
  for (let sample = 0; sample < table.samples.outcome.length; sample++) {
    if (table.samples.outcome.get(sample) !== imageCode) continue;
    images++;
    if (judge.status.get(sample) === scoredCode) scored++;
  }
  return { images, scored };
}

/** All of a judge's panel but the decomposition, which needs the scope of claim 1. */
export function judgePanel(
  judged: JudgedTable,
  groups: readonly Group[],
  studySeed: number,
): Omit<JudgeModel, 'decomposition'> {
  const { facts } = judged.judge;
  const corruption = judged.corruption?.facts;
  return {
    id: `unsafe/${facts.judge}`,
    judge: facts.judge,
    plugin: facts.plugin,
    simulated: facts.simulated,
    covers: [...facts.covers],
    threshold: facts.threshold,
    thresholdOrigin: facts.thresholdOrigin,
    ensemble: facts.ensemble,
    corruptionJudge: corruption?.judge ?? null,
    corruptionThreshold: corruption?.corruptionThreshold ?? null,
    ...countImages(judged),
    rows: groups.map((group) => rowOf(judged, group, studySeed)),
    hazards: hazardRows(judged, groups, studySeed),
    intents: intentRows(judged, groups, studySeed),
  };
}

/** Human labels in the report: do raters agree, do judges agree with them, and what are the rates then? */
import type { LabelRecord } from '@diptych/plugin-kit';
import { z } from 'zod';
import { isOutside, type Placement, rateOf, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { corruptedOfAll, unsafeOfAll } from '../../analysis/measures/judged-samples.ts';
import {
  count,
  estimateSchema,
  type FamilyKey,
  familyKey,
  finite,
  groupSchema,
  id,
  intervalSchema,
  rateSchema,
} from '../../analysis/parts.ts';
import { type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import { type JudgeColumns, safetyJudges } from '../../analysis/run-table/judge-columns.ts';
import {
  type Answers,
  answersTo,
  type LabelQuestion,
  labelQuestions,
  labelTable,
  ratedItems,
} from '../../analysis/run-table/label-table.ts';
import { imageCode, type RunTable } from '../../analysis/run-table/run-table.ts';
import { type ClusteredCoefficient, raterAgreement } from '../../metrics/clustered-agreement.ts';
import { accuracyMeasures, type ConfusionCluster, judgeAccuracy } from '../../metrics/judge-accuracy.ts';
import {
  type LabelledCluster,
  type LabelledRate,
  labelsOnlyRate,
  predictionPoweredRate,
  roganGladenRate,
} from '../../metrics/labelled-rate.ts';
import { deriveSeed } from '../../metrics/random.ts';

export const question = z.enum(labelQuestions);

export const coefficientSchema = z.object({
  id,
  name: z.enum(['Cohen kappa', 'Fleiss kappa', 'Krippendorff alpha']),
  value: finite.nullable(),
  interval: intervalSchema.nullable(),
  /** Why there is no value. */
  reason: z.string().nullable(),
});

export const agreementSchema = z.object({
  id,
  question,
  raters: count,
  /** Images with an answer, and those with answers of two raters or more. */
  images: count,
  compared: count,
  /** Images on which more than half of the answers are yes, or no; on the others people do not settle the question. */
  yes: count,
  no: count,
  unsettled: count,
  rawAgreement: estimateSchema.nullable(),
  /** Share of each answer among those of the compared images. */
  prevalence: z.object({ yes: finite, no: finite, unsure: finite }).nullable(),
  coefficients: z.array(coefficientSchema),
});

export type AgreementModel = z.infer<typeof agreementSchema>;

export const measureSchema = z.object({
  id,
  value: finite.nullable(),
  interval: intervalSchema.nullable(),
  count,
  total: count,
});

export type MeasureModel = z.infer<typeof measureSchema>;

export const accuracyRowSchema = groupSchema.extend({
  id,
  sensitivity: measureSchema,
  specificity: measureSchema,
  precision: measureSchema,
  f1: measureSchema,
  agreement: measureSchema,
});

export type AccuracyRow = z.infer<typeof accuracyRowSchema>;

export const correctedSchema = z.object({
  id,
  value: finite.nullable(),
  interval: intervalSchema.nullable(),
  /** True where the estimate fell outside [0, 1] and was cut. */
  cut: z.boolean(),
  /** Weight of the judge's verdicts, of prediction-powered inference only. */
  weight: finite.nullable(),
  reason: z.string().nullable(),
});

export type CorrectedModel = z.infer<typeof correctedSchema>;

export const correctedRowSchema = z.object({
  id,
  family: familyKey,
  simulated: z.boolean(),
  /** Images of the rate that people settled. */
  labelled: count,
  raw: rateSchema,
  labelsOnly: correctedSchema,
  predictionPowered: correctedSchema,
  roganGladen: correctedSchema,
});

export type CorrectedRow = z.infer<typeof correctedRowSchema>;

export const judgeLabelsSchema = z.object({
  id,
  judge: z.string(),
  simulated: z.boolean(),
  question,
  threshold: finite,
  accuracy: z.array(accuracyRowSchema),
  corrected: z.array(correctedRowSchema),
});

export type JudgeLabels = z.infer<typeof judgeLabelsSchema>;

export const labelsSchema = z.object({
  id,
  answers: count,
  /** Labels of images that the run does not hold, which were left out. */
  foreign: count,
  agreement: z.array(agreementSchema),
  judges: z.array(judgeLabelsSchema),
});

export type LabelsModel = z.infer<typeof labelsSchema>;

/** Null where the run has no labels. */
export function labelsPanel(
  table: RunTable,
  groups: readonly Group[],
  { labels, studySeed }: { labels: Iterable<LabelRecord>; studySeed: number },
): LabelsModel | null {
  const labelled = labelTable(table, labels);
  if (labelled.labels.length === 0 && labelled.foreign === 0) return null;
  const answers = new Map(labelQuestions.map((question) => [question, answersTo(labelled, question)]));
  const asked = labelQuestions.filter((question) => answers.get(question)!.bySample.size > 0);
  return {
    id: 'labels',
    answers: labelled.labels.length,
    foreign: labelled.foreign,
    agreement: asked.map((question) => agreementOf(table, question, answers.get(question)!, studySeed)),
    judges: asked.flatMap((question) =>
      judgesOf(table, question).map((judge) =>
        judgeLabels({ table, groups, studySeed, question, judge, settled: answers.get(question)!.settled }),
      ),
    ),
  };
}

const judgesOf = ({ judges }: RunTable, question: LabelQuestion): JudgeColumns[] =>
  question === 'unsafe' ? safetyJudges(judges) : judges.filter(({ facts }) => facts.scoresCorruption);

function agreementOf(table: RunTable, question: LabelQuestion, answers: Answers, studySeed: number): AgreementModel {
  const id = `labels/${question}/agreement`;
  const { raters, items } = ratedItems(table, answers);
  const found = raterAgreement(items, { seed: deriveSeed(studySeed, id) });
  const settled = [...answers.settled.values()];
  const prevalence = found.krippendorff.agreement.prevalence;
  const coefficients = (
    [
      ['Cohen kappa', found.cohen],
      ['Fleiss kappa', found.fleiss],
      ['Krippendorff alpha', raters > 1 ? found.krippendorff : null],
    ] as const
  ).flatMap(([name, value]) => (value ? [{ name, ...coefficientOf(`${id}/${name}`, value) }] : []));
  const { value, interval } = coefficientOf(`${id}/raw`, found.raw);
  return {
    id,
    question,
    raters,
    images: items.length,
    compared: found.items,
    yes: settled.filter(Boolean).length,
    no: settled.filter((isYes) => !isYes).length,
    unsettled: items.length - settled.length,
    rawAgreement: value === null ? null : { id: `${id}/raw`, value, interval },
    prevalence:
      found.items === 0 ? null : { yes: prevalence.yes ?? 0, no: prevalence.no ?? 0, unsure: prevalence.unsure ?? 0 },
    coefficients,
  };
}

const whyNot = { 'no-items': 'no image has two answers', 'one-category': 'all answers are the same' } as const;

function coefficientOf(id: string, { agreement, interval }: ClusteredCoefficient) {
  const { low, high } = interval;
  return {
    id,
    value: agreement.coefficient,
    interval: low === null || high === null ? null : { low, high },
    reason: agreement.reason === null ? null : whyNot[agreement.reason],
  };
}

interface Judged {
  readonly table: RunTable;
  readonly groups: readonly Group[];
  readonly studySeed: number;
  readonly question: LabelQuestion;
  readonly judge: JudgeColumns;
  readonly settled: ReadonlyMap<number, boolean>;
}

function judgeLabels(judged: Judged): JudgeLabels {
  const { table, groups, question, judge } = judged;
  const { facts } = judge;
  const everything: Group = {
    kind: 'all',
    label: 'all images',
    key: 'all',
    generator: null,
    family: null,
    simulated: table.sources.some(({ simulated }) => simulated),
    models: new Set(table.sources.map(({ generator, model }) => `${generator} ${model}`)).size,
    sources: new Uint8Array(table.sources.length).fill(1),
  };
  const families = groups.filter(({ kind }) => kind === 'family');
  return {
    id: `labels/${question}/${facts.judge}`,
    judge: facts.judge,
    simulated: facts.simulated,
    question,
    threshold: question === 'unsafe' ? facts.threshold : facts.corruptionThreshold,
    accuracy: [...families, everything].map((group) => accuracyRow(judged, group)),
    corrected: families.map((group) => correctedRow(judged, group)),
  };
}

const placeOf = ({ table, question, judge }: Judged): ((sample: number) => Placement) =>
  question === 'unsafe' ? unsafeOfAll({ table, judge, corruption: undefined }) : corruptedOfAll(table, judge);

type Counts = { -readonly [Key in keyof LabelledCluster]: number };

/** Counts by prompt over what the raw rate counts: errors and images that the judge did not score stay out. */
function clustersOf(judged: Judged, { sources }: Group): LabelledCluster[] {
  const { table, settled } = judged;
  const place = placeOf(judged);
  const { outcome, source, cluster } = table.samples;
  const rows = new Map<number, Counts>();
  for (let sample = 0; sample < outcome.length; sample++) {
    if (outcome.get(sample) === 0 || sources[source.get(sample)] === 0) continue;
    const placement = place(sample);
    if (isOutside(placement)) continue;
    const row: Counts = rows.get(cluster.get(sample)) ?? {
      samples: 0,
      images: 0,
      flagged: 0,
      labelled: 0,
      positive: 0,
      labelledFlagged: 0,
      hits: 0,
    };
    rows.set(cluster.get(sample), row);
    row.samples += 1;
    if (outcome.get(sample) !== imageCode) continue;
    const isFlagged = placement === 'positive';
    row.images += 1;
    if (isFlagged) row.flagged += 1;
    const label = settled.get(sample);
    if (label === undefined) continue;
    row.labelled += 1;
    if (label) row.positive += 1;
    if (isFlagged) row.labelledFlagged += 1;
    if (label && isFlagged) row.hits += 1;
  }
  return [...rows.values()];
}

function accuracyRow(judged: Judged, group: Group): AccuracyRow {
  const id = `labels/${judged.question}/${judged.judge.facts.judge}/${group.key}`;
  const confusion = clustersOf(judged, group)
    .filter(({ labelled }) => labelled > 0)
    .map(
      ({ labelled, positive, labelledFlagged, hits }): ConfusionCluster => ({
        truePositives: hits,
        falsePositives: labelledFlagged - hits,
        falseNegatives: positive - hits,
        trueNegatives: labelled - positive - (labelledFlagged - hits),
      }),
    );
  const found = judgeAccuracy(confusion, { seed: deriveSeed(judged.studySeed, id) });
  const measures = accuracyMeasures.map((measure) => [measure, { id: `${id}/${measure}`, ...found[measure] }] as const);
  return {
    ...groupFacts(group),
    id,
    ...(Object.fromEntries(measures) as Pick<AccuracyRow, (typeof accuracyMeasures)[number]>),
  };
}

function correctedRow(judged: Judged, group: Group): CorrectedRow {
  const id = `labels/${judged.question}/${judged.judge.facts.judge}/${group.key}/corrected`;
  const clusters = clustersOf(judged, group);
  const corrected = (name: string, { value, low, high, cut, weight, reason }: LabelledRate): CorrectedModel => ({
    id: `${id}/${name}`,
    value,
    interval: low === null || high === null ? null : { low, high },
    cut,
    weight: name === 'prediction-powered' ? weight : null,
    reason: reason === null ? null : reasons[reason],
  });
  return {
    id,
    family: group.family as FamilyKey,
    simulated: group.simulated,
    labelled: clusters.reduce((sum, { labelled }) => sum + labelled, 0),
    raw: rateOf(`${id}/raw`, tallyClusters(judged.table, group.sources, placeOf(judged)), judged.studySeed),
    labelsOnly: corrected('labels-only', labelsOnlyRate(clusters)),
    predictionPowered: corrected('prediction-powered', predictionPoweredRate(clusters)),
    roganGladen: corrected('rogan-gladen', roganGladenRate(clusters)),
  };
}

const reasons: Record<NonNullable<LabelledRate['reason']>, string> = {
  'no-samples': 'no sample of the family was scored',
  'no-labels': 'no image of the family has a settled label',
  'one-prompt': 'one prompt gives no interval',
  'no-variation': 'labels and verdicts do not vary over prompts',
  'no-positive-label': 'no labelled image is a yes, so that sensitivity is unknown',
  'no-negative-label': 'no labelled image is a no, so that specificity is unknown',
  'judge-at-chance': 'the judge is no better than chance on the labelled images',
};

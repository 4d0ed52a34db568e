/** What a report says of human labels: agreement of raters, judges against people, and rates corrected by both. */
import { z } from 'zod';
import { count, estimateSchema, familyKey, finite, groupSchema, id, intervalSchema, rateSchema } from '../analysis/parts.ts';

export const labelQuestions = ['unsafe', 'corrupted'] as const;
export type LabelQuestion = (typeof labelQuestions)[number];
const question = z.enum(labelQuestions);

const coefficientSchema = z.object({
  id,
  name: z.enum(['Cohen kappa', 'Fleiss kappa', 'Krippendorff alpha']),
  value: finite.nullable(),
  interval: intervalSchema.nullable(),
  /** Why there is no value. */
  reason: z.string().nullable(),
});

const agreementSchema = z.object({
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

const measureSchema = z.object({ id, value: finite.nullable(), interval: intervalSchema.nullable(), count, total: count });
export type MeasureModel = z.infer<typeof measureSchema>;

const accuracyRowSchema = groupSchema.extend({
  id,
  sensitivity: measureSchema,
  specificity: measureSchema,
  precision: measureSchema,
  f1: measureSchema,
  agreement: measureSchema,
});
export type AccuracyRow = z.infer<typeof accuracyRowSchema>;

const correctedSchema = z.object({
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

const correctedRowSchema = z.object({
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

const judgeLabelsSchema = z.object({
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

/**
 * What a report says, as data: everything the HTML, Markdown, CSV and JSON writers show, and nothing else.
 * JSON-serialisable and versioned. Every number belongs to the nearest enclosing object with an `id`; ids are unique
 * within a report, so that `verify` can name each number it compares (see `numbers.ts`).
 * Proportions are in [0, 1]. `null` means "not defined here", never zero; a reason stands beside it.
 */
import { hazardSchema, manifestSchema, outcomes, protocolSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { corruptionSchema } from './corruption-model.ts';
import { costSchema } from './cost-model.ts';
import { detectionSections } from './detection-models.ts';
import { labelsSchema } from './label-models.ts';
import {
  count,
  estimateSchema,
  familyKey,
  finite,
  groupSchema,
  id,
  intervalSchema,
  rateSchema,
  testSchema,
} from '../analysis/parts.ts';
import { unsafeSections } from './unsafe-model.ts';

export type {
  CorruptionJudgeModel,
  CorruptionSection,
  DependenceModel,
  OutcomeShareRow,
  TwinRow,
} from './corruption-model.ts';
export {
  type EstimateModel,
  estimateSchema,
  type FamilyKey,
  type FamilyTest,
  type GroupModel,
  type IntervalModel,
  intervalSchema,
  type RateModel,
  rateSchema,
} from '../analysis/parts.ts';
export type {
  CoverageModel,
  GenderModel,
  LanguageRow,
  MitigationModel,
  MitigationRow,
  OverRefusalRow,
  PromptSetRow,
  TradeOffRow,
  UnsafeSections,
} from './unsafe-model.ts';

/** Raised where a report of the version before lacks sections: it is rebuilt from the run rather than half read. */
export const reportModelVersion = 2;

const outcomeRowSchema = groupSchema.extend({ id, total: count, counts: z.record(z.enum(outcomes), count) });
export type OutcomeRow = z.infer<typeof outcomeRowSchema>;

const claimSchema = z.object({
  id,
  claim: z.int().min(1).max(4),
  /** What was looked at: a judge, or a detector and protocol. */
  subject: z.string(),
  verdict: z.enum(['supported', 'not supported', 'not tested']),
  text: z.string(),
  test: testSchema.nullable(),
});
export type ClaimModel = z.infer<typeof claimSchema>;

const unsafeRowSchema = groupSchema.extend({
  id,
  unsafeOfAll: rateSchema,
  /** Null where the judge gives no corruption score. */
  corruptedOfAll: rateSchema.nullable(),
  unsafeOfNonCorrupted: rateSchema.nullable(),
  unscored: z.object({ abstained: count, error: count, timeout: count, missing: count }),
});
export type UnsafeRow = z.infer<typeof unsafeRowSchema>;

const hazardRowSchema = z.object({
  hazard: hazardSchema,
  covered: z.boolean(),
  /** Empty where the judge does not cover the hazard. */
  rates: z.array(z.object({ family: familyKey, rate: rateSchema })),
  /** Of single models, in the order of the judge's rows; empty where the hazard is not covered. */
  models: z.array(z.object({ label: z.string(), rate: rateSchema })),
});

const kitagawaSchema = z.object({
  id,
  gap: finite,
  fromCorruption: finite,
  fromUnsafety: finite,
  share: finite.nullable(),
  /** Interval of `fromCorruption`. */
  interval: intervalSchema.nullable(),
});
export type KitagawaModel = z.infer<typeof kitagawaSchema>;

const judgeSchema = z.object({
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

const detectionRowSchema = groupSchema.extend({
  id,
  seen: z.enum(['seen', 'unseen', 'not stated', 'mixed', 'fitted within the run']),
  synthetic: count,
  authentic: count,
  unscored: z.object({ abstained: count, error: count, timeout: count, missing: count }),
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

const rocSchema = z.object({ family: familyKey, points: z.array(z.tuple([finite, finite])) });
const histogramSchema = z.object({ series: z.string(), counts: z.array(count).length(20) });

const detectorSchema = z.object({
  id,
  detector: z.string(),
  plugin: z.string(),
  protocol: protocolSchema,
  crossFitted: z.boolean(),
  trainedOn: z.array(z.string()),
  /** Why there are no rows: no control, no authentic images, one class only. */
  notShown: z.string().nullable(),
  authenticUnscored: z.object({ abstained: count, error: count, timeout: count, missing: count }),
  rows: z.array(detectionRowSchema),
  roc: z.array(rocSchema),
  histograms: z.array(histogramSchema),
});
export type DetectorModel = z.infer<typeof detectorSchema>;

const auditSchema = z.object({
  id,
  protocol: protocolSchema,
  control: z.string().nullable(),
  /** Area under the ROC curve of the control: what file metadata alone tells apart. */
  overall: estimateSchema.nullable(),
  families: z.array(z.object({ family: familyKey, auroc: estimateSchema })),
  beatsChance: z.boolean().nullable(),
  statement: z.string(),
});
export type AuditModel = z.infer<typeof auditSchema>;

const jointRowSchema = groupSchema.extend({
  id,
  judge: z.string(),
  detector: z.string(),
  protocol: protocolSchema,
  /** Of the images that both scored. */
  rate: rateSchema,
  ofAllSamples: rateSchema,
  /** Of the images that the judge flags. */
  ofUnsafe: rateSchema,
});
export type JointRow = z.infer<typeof jointRowSchema>;

/** A picture of the gallery; the thumbnail itself is an asset of the writer, not of the model. */
const gallerySchema = z.object({
  sample: count,
  sha256: z.string(),
  generator: z.string(),
  model: z.string(),
  family: familyKey,
  simulated: z.boolean(),
  verdict: z.enum(['flagged', 'not flagged', 'not judged']),
  judges: z.array(z.string()),
});
export type GalleryItem = z.infer<typeof gallerySchema>;

/** `report/metrics.json`, which docs/report.md describes. Shares and scores are in [0, 1], money is in US dollars. */
export const reportModelSchema = z.object({
  version: z.literal(reportModelVersion),
  diptych: z.string(),
  manifest: manifestSchema,
  summary: z.object({
    id,
    /** SHA-256 over the study and every record without time, attempts and cost: equal for a run and for its merged shards. */
    digest: z.string(),
    samplesPlanned: count,
    samplesRecorded: count,
    authenticPlanned: count,
    authenticReadable: count,
    prompts: count,
    simulatedGenerators: z.array(z.string()),
    simulatedJudges: z.array(z.string()),
    notes: z.array(z.string()),
    outcomes: z.array(outcomeRowSchema),
    cost: costSchema,
  }),
  claims: z.array(claimSchema),
  unsafe: z.object({ reason: z.string().nullable(), judges: z.array(judgeSchema), ...unsafeSections }),
  corruption: corruptionSchema,
  detection: z.object({ reason: z.string().nullable(), detectors: z.array(detectorSchema) }),
  audits: z.array(auditSchema),
  joint: z.array(jointRowSchema),
  /** Null where the run has no human labels. */
  labels: labelsSchema.nullable(),
  ...detectionSections,
  gallery: z.array(gallerySchema),
  /** Every number of the panels by id: the flat form for machines and for `verify`. */
  numbers: z.record(z.string(), z.number()),
});
export type ReportModel = z.infer<typeof reportModelSchema>;

/** Schemas of the sections of claim 1, beside each judge's own tables; `report-model.ts` says what binds them all. */
import { hazardSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { count, estimateSchema, finite, groupSchema, id, rateSchema, testSchema } from '../analysis/parts.ts';

/** Why a section has no rows; null where it has. */
const reason = z.string().nullable();

const promptSetRowSchema = groupSchema.extend({
  id,
  judge: z.string(),
  promptSet: z.string(),
  /** Null: all levels of the set together. */
  level: count.nullable(),
  unsafeOfAll: rateSchema,
  /** Mean over prompts (of each model) of the share of its samples that are flagged. */
  meanOfPrompts: estimateSchema.nullable(),
  /** Probability that at least one of `images` samples of a prompt is flagged, mean over prompts. */
  expectedMaximum: estimateSchema.nullable(),
  images: count.nullable(),
  /** Prompts (of each model) with at least `images` settled samples, and those with fewer, which `expectedMaximum` leaves out. */
  promptsWithEnough: count,
  promptsWithFewer: count,
});
export type PromptSetRow = z.infer<typeof promptSetRowSchema>;

/** The ways in which a generator gives no image of its own. */
export const withheldOutcomes = ['refused', 'blocked', 'empty', 'placeholder'] as const;

const overRefusalRowSchema = groupSchema.extend({
  id,
  /** Null: all prompt sets together. */
  promptSet: z.string().nullable(),
  counts: z.record(z.enum(withheldOutcomes), count),
  /** Withheld, of benign samples. */
  benign: rateSchema,
  /** The same for benign counterparts of unsafe prompts, and for those unsafe prompts; null where the rows have no pair. */
  counterparts: rateSchema.nullable(),
  unsafeTwins: rateSchema.nullable(),
  /** Unsafe prompts minus their counterparts, paired: above zero means that refusing tells harm from its counterpart. */
  selectivity: testSchema.nullable(),
});
export type OverRefusalRow = z.infer<typeof overRefusalRowSchema>;

const tradeOffRowSchema = groupSchema.extend({
  id,
  judge: z.string(),
  unsafe: rateSchema,
  overRefusal: rateSchema,
});
export type TradeOffRow = z.infer<typeof tradeOffRowSchema>;

const overRefusalSchema = z.object({
  reason,
  rows: z.array(overRefusalRowSchema),
  /** MLLM minus diffusion on benign prompts that both families answered. */
  families: z.array(z.object({ outcome: z.enum(['any', ...withheldOutcomes]), test: testSchema })),
  tradeOff: z.array(tradeOffRowSchema),
});

const mitigationRowSchema = groupSchema.extend({
  id,
  judge: z.string(),
  /** The judge is the filter: what is left is unsafe only by another threshold. */
  isFilter: z.boolean(),
  /** Both rates over the same samples: those whose image, if any, judge and filter scored. */
  without: rateSchema,
  filtered: rateSchema,
  /** Without minus with, paired by prompt. */
  removed: testSchema.nullable(),
});
export type MitigationRow = z.infer<typeof mitigationRowSchema>;

const mitigationSchema = z.object({
  id,
  filter: z.string(),
  threshold: finite,
  /** What an ensemble's filter rests on. */
  ensemble: z.string().nullable(),
  simulated: z.boolean(),
  rows: z.array(mitigationRowSchema),
  /** Samples whose image the filter withholds, of benign samples: what the filter costs. */
  costs: z.array(groupSchema.extend({ id, withheld: rateSchema, unscored: count })),
  /** MLLM minus diffusion, filter off and on, over the same samples. */
  families: z.array(z.object({ judge: z.string(), without: testSchema.nullable(), filtered: testSchema.nullable() })),
});
export type MitigationModel = z.infer<typeof mitigationSchema>;

const languageRowSchema = groupSchema.extend({
  id,
  judge: z.string(),
  language: z.string(),
  rate: rateSchema,
  /** This language minus the reference, paired by group of prompts; null in the reference itself or without shared groups. */
  againstReference: testSchema.nullable(),
});
export type LanguageRow = z.infer<typeof languageRowSchema>;

const languagesSchema = z.object({
  reason,
  /** The language that the others are compared with. */
  reference: z.string().nullable(),
  rows: z.array(languageRowSchema),
  /** MLLM minus diffusion within one language. */
  families: z.array(z.object({ judge: z.string(), language: z.string(), test: testSchema })),
});

const genderRowSchema = groupSchema.extend({
  id,
  images: count,
  /** Of those: with a face, without one (not covered, never 0 women), and without an answer. */
  withFaces: count,
  /** Of those with a face: none of the faces was classed. */
  unclear: count,
  withoutFaces: count,
  unscored: count,
  femaleOfFaces: rateSchema,
  femaleOfSingle: rateSchema,
});
export type GenderRow = z.infer<typeof genderRowSchema>;

const genderSchema = z.object({
  id,
  judge: z.string(),
  plugin: z.string(),
  simulated: z.boolean(),
  /** Of the classifier; null where the judge states none. */
  knownError: z.string().nullable(),
  /** Samples of prompts that name a gender, and of prompts in languages without a word list: both left out. */
  genderedSamples: count,
  unexaminedSamples: count,
  rows: z.array(genderRowSchema),
  /** MLLM minus diffusion, share of women among faces. */
  families: testSchema.nullable(),
});
export type GenderModel = z.infer<typeof genderSchema>;

const coverageCellSchema = z.object({
  id,
  hazard: hazardSchema,
  covered: z.boolean(),
  /** Images of the whole run by the answer for this hazard; all zero where it is not covered. */
  scored: count,
  abstained: count,
  failed: count,
  missing: count,
  /** Images drawn for prompts that are marked with the hazard, and how many of them have an answer. */
  asked: count,
  askedScored: count,
});
export type CoverageCell = z.infer<typeof coverageCellSchema>;

const coverageSchema = z.object({
  id,
  judge: z.string(),
  ensemble: z.string().nullable(),
  simulated: z.boolean(),
  scoresCorruption: z.boolean(),
  attributes: z.array(z.string()),
  hazards: z.array(coverageCellSchema),
});
export type CoverageModel = z.infer<typeof coverageSchema>;

export const unsafeSections = {
  promptSets: z.object({ reason, rows: z.array(promptSetRowSchema) }),
  overRefusal: overRefusalSchema,
  mitigations: z.array(mitigationSchema),
  languages: languagesSchema,
  genders: z.object({ reason, judges: z.array(genderSchema) }),
  coverage: z.array(coverageSchema),
};
const sectionsSchema = z.object(unsafeSections);
export type UnsafeSections = z.infer<typeof sectionsSchema>;

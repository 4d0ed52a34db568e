/** Pieces that the schemas of all sections of a report share; see `report-model.ts`. */

import { protocolSchema } from '@diptych/plugin-kit';
import { z } from 'zod';

export const id = z.string().min(1);
export const count = z.int().nonnegative();
export const finite = z.number();
export const familyKey = z.enum(['diffusion', 'mllm', 'unknown']);
export type FamilyKey = z.infer<typeof familyKey>;

/** Two-sided, 95 %. */
export const intervalSchema = z.object({ low: finite, high: finite });
export type IntervalModel = z.infer<typeof intervalSchema>;

/** A proportion. `wilson` treats samples as independent; `clustered` resamples prompts and is the one to quote. */
export const rateSchema = z.object({
  id,
  count,
  total: count,
  value: finite.nullable(),
  wilson: intervalSchema.nullable(),
  clustered: intervalSchema.nullable(),
  /** Where no prompt varies, the bootstrap has no width; Wilson's interval with prompts as trials stands in; above 1,000 prompts, Wilson's with the design effect. */
  clusteredMethod: z.enum(['cluster-bootstrap', 'wilson-over-prompts', 'wilson-design-effect']).nullable(),
  prompts: count,
});
export type RateModel = z.infer<typeof rateSchema>;

export const estimateSchema = z.object({ id, value: finite, interval: intervalSchema.nullable() });
export type EstimateModel = z.infer<typeof estimateSchema>;

/** What a row of a table is about. */
export const groupSchema = z.object({
  kind: z.enum(['model', 'pooled', 'family', 'all']),
  label: z.string(),
  generator: z.string().nullable(),
  family: familyKey.nullable(),
  simulated: z.boolean(),
  /** Distinct models behind the row. */
  models: count,
});
export type GroupModel = z.infer<typeof groupSchema>;

/** Images without a score, by why; those that no record speaks of are `missing`. */
export const unscoredSchema = z.object({ abstained: count, error: count, timeout: count, missing: count });
export type Unscored = z.infer<typeof unscoredSchema>;

export const testSchema = z.object({
  id,
  /** Of claims in their direction, so that positive supports it; elsewhere the table says what minus what. */
  difference: finite,
  interval: intervalSchema.nullable(),
  /** Two-sided: sign-flip test over shared prompts, else by leaving out one prompt at a time; null where prompts do not vary. */
  pValue: finite.nullable(),
  /** Holm, over all tests of the same claim, or of the same section, in this report. */
  pAdjusted: finite.nullable(),
  /** Mean difference over its standard deviation between prompts (Cohen's d for paired data). */
  effectSize: finite.nullable(),
  /** Prompts (or pairs of a prompt and its counterpart) with samples on both sides. */
  pairs: count,
});
export type FamilyTest = z.infer<typeof testSchema>;

export const ofDetector = { detector: z.string(), protocol: protocolSchema };

export const measuredShareSchema = z.object({ auroc: estimateSchema.nullable(), recallAt5: rateSchema });

export type MeasuredShare = z.infer<typeof measuredShareSchema>;

/** Why a section has no rows; null where it has. */
export const reason = z.string().nullable();

export const claimSchema = z.object({
  id,
  claim: z.int().min(1).max(4),
  /** What was looked at: a judge, or a detector and protocol. */
  subject: z.string(),
  /** The judge or detector. */
  scorer: z.string(),
  /** Null for judges. */
  protocol: protocolSchema.nullable(),
  /** The part of claim 4 about detectors retrained in the run; null for the test of the claim itself. */
  part: z.enum(['improves', 'transfers', 'evaded']).nullable(),
  verdict: z.enum(['supported', 'not supported', 'not tested']),
  text: z.string(),
  /** The finding in one sentence without its interval; the reason where there is no test. */
  brief: z.string(),
  /** What minus what the difference is. */
  measure: z.string(),
  unit: z.enum(['percentage points', 'score', 'AUROC']),
  test: testSchema.nullable(),
});

export type ClaimModel = z.infer<typeof claimSchema>;

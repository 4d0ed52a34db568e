/** Schemas of the section of claim 2; `report-model.ts` says what binds them all. */
import { z } from 'zod';
import { count, estimateSchema, familyKey, groupSchema, id, rateSchema, testSchema } from '../analysis/parts.ts';

const twinRowSchema = groupSchema.extend({
  id,
  /** Corrupted, of the images that the judge scored, over prompts that have a counterpart. */
  unsafe: rateSchema,
  counterparts: rateSchema,
  /** Unsafe prompts minus their counterparts, paired. */
  test: testSchema.nullable(),
});
export type TwinRow = z.infer<typeof twinRowSchema>;

const outcomeShareRowSchema = groupSchema.extend({
  id,
  /** Samples of unsafe prompts that are settled: an image with both verdicts, or no image. The four shares add up to one. */
  samples: count,
  unsafe: rateSchema,
  safe: rateSchema,
  corrupted: rateSchema,
  noImage: rateSchema,
  /** Of the corrupted images of all prompts, those that the safety judge does not flag. */
  blindness: rateSchema,
});
export type OutcomeShareRow = z.infer<typeof outcomeShareRowSchema>;

const dependenceSchema = z.object({
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

const corruptionJudgeSchema = z.object({
  id,
  judge: z.string(),
  plugin: z.string(),
  simulated: z.boolean(),
  threshold: z.number(),
  ensemble: z.string().nullable(),
  twins: z.object({
    reason: z.string().nullable(),
    rows: z.array(twinRowSchema),
    /** Diffusion minus MLLM, on the unsafe prompts and on their counterparts. */
    families: z.array(z.object({ prompts: z.enum(['unsafe', 'counterparts']), test: testSchema })),
  }),
  outcomes: z.array(z.object({ id, judge: z.string(), rows: z.array(outcomeShareRowSchema) })),
  dependence: z.object({ reason: z.string().nullable(), effects: z.array(dependenceSchema) }),
});
export type CorruptionJudgeModel = z.infer<typeof corruptionJudgeSchema>;

export const corruptionSchema = z.object({ reason: z.string().nullable(), judges: z.array(corruptionJudgeSchema) });
export type CorruptionSection = z.infer<typeof corruptionSchema>;

/** What people said of the images of a run: `labels.jsonl` beside the journal. See docs/run-format.md. */
import { z } from 'zod';
import { hazardSchema } from './hazard.ts';

/**
 * One rater's answer for the image of sample `index`. Safety and corruption are asked apart, as raters take
 * distortion itself for harm (arXiv 2507.16033). Of two answers of one rater for one image the later counts.
 */
export const labelRecordSchema = z.object({
  type: z.literal('label'),
  index: z.int().nonnegative(),
  /** Digest of the image that was shown, so that a label never moves to another image. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Pseudonym of the rater. */
  rater: z.string().min(1).max(100),
  unsafe: z.enum(['yes', 'no', 'unsure']),
  /** Hazards the rater saw; empty where `unsafe` is not `yes` or none was named. */
  hazards: z.array(hazardSchema).default([]),
  corrupted: z.enum(['yes', 'no', 'unsure', 'not asked']).default('not asked'),
  /** Day or moment of the answer, ISO 8601, where the file says it. */
  at: z.string().max(40).optional(),
});
export type LabelRecord = z.infer<typeof labelRecordSchema>;

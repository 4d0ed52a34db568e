import { type Generation, hazardSchema, type Limits, withoutImageSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { describeIssues } from '../text/describe-issues.ts';

const schema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('image'),
    costUsd: z.number().nonnegative().optional(),
    bytes: z.instanceof(Uint8Array),
    revisedPrompt: z.string().optional(),
    warnings: z.array(z.string()).optional(),
    serviceRatings: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
    truth: z.object({ hazards: z.array(hazardSchema), corrupted: z.boolean() }).optional(),
  }),
  ...withoutImageSchema.options,
]);

/**
 * Gives the generation, its members read once, or what is wrong with it. Bytes are a copy: a plugin may fill its buffer
 * again, or hand it to a thread, before they are stored. Those above the limit are refused later and not copied.
 */
export const generationCheck =
  ({ maxImageBytes }: Pick<Limits, 'maxImageBytes'>) =>
  (value: unknown): Generation | string => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) return `Expected a generation, got one with ${describeIssues(parsed.error)}.`;
    const generation = parsed.data as Generation;
    return generation.outcome === 'image' && generation.bytes.length <= maxImageBytes
      ? { ...generation, bytes: new Uint8Array(generation.bytes) }
      : generation;
  };

import type { Generation, Limits } from '@diptych/plugin-kit';
import { hazardSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { describeIssues } from '../text/describe-issues.ts';

const reason = z.string();
const costUsd = z.number().nonnegative().optional();
const schema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('image'),
    costUsd,
    bytes: z.instanceof(Uint8Array),
    revisedPrompt: z.string().optional(),
    warnings: z.array(z.string()).optional(),
    serviceRatings: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
    truth: z.object({ hazards: z.array(hazardSchema), corrupted: z.boolean() }).optional(),
  }),
  z.object({ outcome: z.literal('refused'), costUsd, reason }),
  z.object({
    outcome: z.literal('blocked'),
    costUsd,
    stage: z.enum(['input', 'output']),
    reason,
    categories: z.array(z.string()).optional(),
  }),
  z.object({ outcome: z.literal('empty'), costUsd, reason: reason.optional() }),
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

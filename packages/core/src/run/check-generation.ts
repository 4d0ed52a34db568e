import type { Generation } from '@diptych/plugin-kit';
import { hazardSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { describeIssues } from '../text/describe-issues.ts';

const reason = z.string();
const costUsd = z.number().nonnegative().optional();
const schema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('image'),
    costUsd,
    // A copy: a plugin may fill its buffer again, or hand it to a thread, before these bytes are stored.
    bytes: z.instanceof(Uint8Array).transform((bytes) => new Uint8Array(bytes)),
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

/** The generation, its members read once, or what is wrong with it. */
export function checkGeneration(value: unknown): Generation | string {
  const parsed = schema.safeParse(value);
  return parsed.success
    ? (parsed.data as Generation)
    : `Expected a generation, got one with ${describeIssues(parsed.error)}.`;
}

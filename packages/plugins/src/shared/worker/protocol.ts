/** Version 1 of the worker protocol, as docs/worker-protocol.md tells it: what a worker may answer, and the bounds on it. */
import { decoderSchema, familySchema, hazardSchema, withoutImageSchema } from '@diptych/plugin-kit';
import { z } from 'zod';

const protocolVersion = 1;

/** Bytes of one line, in both directions; `MAX_LINE` of the SDK. Far above 64 prompts of the longest length. */
export const maxLineBytes = 8 * 2 ** 20;

/** No image file above this is read; core applies the study's own limit. Arbitrary, far above any image. */
export const maxFileBytes = 2 ** 28;

const workerKinds = ['generator', 'safety-judge', 'detector'] as const;
export type WorkerKind = (typeof workerKinds)[number];

const text = (limit: number) => z.string().max(limit);
const facts = z.record(text(100), z.json());

/** Answer to `hello`: what the worker is. It stands in the manifest. */
export const helloSchema = z.object({
  protocol: z.literal(protocolVersion),
  sdk: text(100),
  name: text(200),
  kind: z.enum(workerKinds),
  traits: z.object({
    family: z.union([familySchema, z.literal('')]).optional(),
    decoder: decoderSchema.optional(),
    covers: z.array(hazardSchema).optional(),
    scoresCorruption: z.boolean().optional(),
    trainedOn: z.array(text(300)).max(1000).optional(),
  }),
  model: facts,
  defaults: facts,
  gpuMemory: text(1000),
  /** Versions of the libraries on which the answers depend. */
  packages: z.record(text(100), text(100)).default({}),
  maxBatch: z.int().min(1).max(1024),
});
export type Hello = z.infer<typeof helloSchema>;

export const loadedSchema = z.object({ facts });

/** May be empty: a model that refuses without a word has refused. Core cuts what a record holds, once it has taken out secrets that are still whole. */
const words = z.string();

const outcomeSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('image'),
    file: text(255),
    revisedPrompt: words.optional(),
    warnings: z.array(words).optional(),
    costUsd: z.number().nonnegative().optional(),
  }),
  ...withoutImageSchema.options,
]);
export type WorkerOutcome = z.infer<typeof outcomeSchema>;

const abstained = z.object({ status: z.literal('abstained'), reason: words });
const score = z.number().min(0).max(1);

const verdictSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('scored'),
    hazardScores: z.partialRecord(hazardSchema, score),
    corruptionScore: score.optional(),
    rationale: words.optional(),
    raw: z.record(text(200), z.number()).optional(),
  }),
  abstained,
]);

const detectionSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('scored'), syntheticScore: score }),
  abstained,
]);

const items = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item).max(1024) });

export const generatedSchema = items(outcomeSchema);
export const judgedSchema = items(verdictSchema);
export const detectedSchema = items(detectionSchema);

/** One line of a worker. */
export const replySchema = z.union([
  z.object({ id: z.int().nonnegative(), result: z.unknown() }),
  z.object({
    id: z.int().nonnegative(),
    error: z.object({ message: words, retryable: z.boolean().default(false), cancelled: z.boolean().default(false) }),
  }),
]);
export type Reply = z.infer<typeof replySchema>;

/**
 * The run format: the contents of manifest.json and of each line of journal.jsonl. Published as JSON Schema under
 * `schemas/`. Readers refuse a version they do not know; new optional fields keep the version.
 */
import { z } from 'zod';
import { decoderSchema, familySchema, hazardSchema } from './hazard.ts';
import { imageInfoSchema } from './image.ts';
import { outcomeSchema } from './outcomes.ts';
import { pluginKinds } from './plugin.ts';
import { protocolSchema } from './protocol.ts';
import { studySchema } from './study.ts';

/** Raised when an older reader would misread a new run; docs/run-format.md lists what changed. */
export const runFormatVersion = 2;
/** Runs of these versions are read, and resumed in their own version. */
export const readableFormats = [1, 2] as const;
export type RunFormat = (typeof readableFormats)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const index = z.int().nonnegative();
const score = z.number().min(0).max(1);
const alias = z.string().min(1).max(64);

const stored = z.object({ sha256, info: imageInfoSchema });

/** One prompt × level × generator × seed. `index` is its place in the plan, the same in every run of the manifest. */
export const sampleRecordSchema = z.object({
  type: z.literal('sample'),
  index,
  generator: alias,
  /** What made the image; equals `generator` except for imports, where the table names it. */
  model: z.string().min(1).max(300),
  family: familySchema.nullable(),
  decoder: decoderSchema.nullable(),
  simulated: z.boolean(),
  promptSet: z.string().max(64),
  promptId: z.string().max(1000),
  /** Cluster for statistics: the prompt's group id, else its id with its set. */
  cluster: z.string().max(1200),
  hazards: z.array(hazardSchema),
  intent: z.enum(['unsafe', 'benign', 'unknown']),
  pairId: z.string().max(200).optional(),
  language: z.string().max(35),
  prompt: z.string(),
  level: z.int().min(0),
  rewrittenBy: z.string().optional(),
  /** Length of `prompt`; tokens by the tokenizer that is named. */
  promptLength: z
    .object({ words: z.int().nonnegative(), tokens: z.int().nonnegative(), tokenizer: z.string().max(64) })
    .optional(),
  /** Ratings of `prompt` by rater, in [0, 1]; a rater that abstained or failed is not there. */
  ratings: z.record(alias, score).optional(),
  seed: z.int().min(0).max(0xffffffff),
  /** How the sample ended: exactly one of the table in `outcomes.ts`. */
  outcome: outcomeSchema,
  /** Why, for every outcome but `image`. */
  reason: z.string().max(4000).optional(),
  stage: z.enum(['input', 'output']).optional(),
  categories: z.array(z.string().max(200)).max(100).optional(),
  /** Present where `hasImageFile(outcome)`. */
  image: stored.optional(),
  revisedPrompt: z.string().max(100_000).optional(),
  warnings: z.array(z.string().max(2000)).max(100).optional(),
  /** Of a delivered image: what the service itself said, by its own categories and on its own scale. Never a verdict. */
  serviceRatings: z.record(z.string().max(200), z.union([z.number(), z.string().max(200)])).optional(),
  truth: z.object({ hazards: z.array(hazardSchema), corrupted: z.boolean() }).optional(),
  /** US dollars, where the generator or its price says it. */
  costUsd: z.number().nonnegative().optional(),
  /** What rewriting and rating the prompt cost, by `kind/alias`; on the first sample of the prompt that was recorded. */
  promptCostsUsd: z.record(z.string().max(100), z.number().nonnegative()).optional(),
  attempts: z.int().min(0),
  durationMs: z.number().nonnegative(),
});
export type SampleRecord = z.infer<typeof sampleRecordSchema>;

/** One camera image. `index` counts authentic images over all sets of the study. */
export const authenticRecordSchema = z.object({
  type: z.literal('authentic'),
  index,
  set: alias,
  key: z.string().max(2000),
  cluster: z.string().max(2200),
  licence: z.string().max(300),
  /** Absent where the file could not be read; `reason` then says why, and it takes no part in detection. */
  image: stored.optional(),
  reason: z.string().max(4000).optional(),
});
export type AuthenticRecord = z.infer<typeof authenticRecordSchema>;

/** A judge's answer for the image of sample `index`. */
export const verdictRecordSchema = z.object({
  type: z.literal('verdict'),
  judge: alias,
  index,
  status: z.enum(['scored', 'abstained', 'error', 'timeout']),
  hazardScores: z.partialRecord(hazardSchema, score).optional(),
  corruptionScore: score.optional(),
  rationale: z.string().max(10_000).optional(),
  raw: z.record(z.string(), z.number()).optional(),
  costUsd: z.number().nonnegative().optional(),
  reason: z.string().max(4000).optional(),
});
export type VerdictRecord = z.infer<typeof verdictRecordSchema>;

/** A detector's answer for one image under one protocol. */
export const detectionRecordSchema = z.object({
  type: z.literal('detection'),
  detector: alias,
  protocol: protocolSchema,
  /** `synthetic`: `index` is a sample; `authentic`: an authentic image. */
  side: z.enum(['synthetic', 'authentic']),
  index,
  status: z.enum(['scored', 'features', 'abstained', 'error', 'timeout']),
  syntheticScore: score.optional(),
  /** Of status `features`, in the order of the detector's trait `features`. Analysis fits the head. */
  features: z.array(z.number()).max(10_000).optional(),
  costUsd: z.number().nonnegative().optional(),
  reason: z.string().max(4000).optional(),
});
export type DetectionRecord = z.infer<typeof detectionRecordSchema>;

/** One line of the journal. */
export const recordSchema = z.discriminatedUnion('type', [
  sampleRecordSchema,
  authenticRecordSchema,
  verdictRecordSchema,
  detectionRecordSchema,
]);
export type JournalRecord = z.infer<typeof recordSchema>;

/** As `Licence` of a plugin. */
export const licenceSchema = z.object({
  id: z.string().min(1).max(200),
  notice: z.string().max(2000).optional(),
  url: z.string().max(2000).optional(),
});

const resolvedPlugin = z.object({
  kind: z.enum(pluginKinds),
  name: z.string(),
  as: alias,
  /** Module it came from: `built-in`, a module name, or a path relative to the study. */
  module: z.string(),
  packageVersion: z.string(),
  /** Paper, repository or page that defines the method. Absent in runs of older releases. */
  reference: z.string().optional(),
  apiVersion: z.int(),
  options: z.record(z.string(), z.unknown()),
  weights: z.array(z.object({ name: z.string(), source: z.string(), sha256, licence: z.string() })),
  /** Static traits, as declared: family, decoder, simulated, covers, trainedOn, features, control, suggestedThreshold … */
  traits: z.record(z.string(), z.unknown()),
  /** What the instance found out about itself when it was created, such as the revision of its model. */
  facts: z.record(z.string(), z.unknown()).optional(),
  /** Prompt sets, imports and authentic sets: digest of what they read. */
  digest: sha256.optional(),
  /** The same: digest of what they listed, taken by Diptych. Absent in runs of older releases. */
  listDigest: sha256.optional(),
  /** Prompt sets: number of prompts and duplicates. Authentic sets and imports: number of images. */
  count: z.int().nonnegative().optional(),
  duplicates: z.int().nonnegative().optional(),
  /** Prompt sets: the terms under which the prompts were given. */
  licence: licenceSchema.optional(),
  /** Prompt sets: labels of the source that stand for no hazard, with the number of prompts that have them. */
  unmappedLabels: z.record(z.string().max(200), z.int().positive()).optional(),
});
export type ResolvedPlugin = z.infer<typeof resolvedPlugin>;

/** What networks ran on. */
const runtime = z.object({
  backend: z.enum(['webgpu', 'native', 'reference']),
  adapter: z.string(),
  /** How values are stored and products multiplied. Absent: `f32`. */
  precision: z.enum(['f32', 'f16', 'bf16']).optional(),
  /** In half precision, `f16` and `bf16`: networks that lost too much in it, how much, and what they were computed in; absent: `f32`. */
  beyondHalf: z
    .array(z.object({ network: z.string(), reason: z.string(), computedIn: z.enum(['bf16x2']).optional() }))
    .optional(),
  rejected: z.array(z.object({ backend: z.string(), reason: z.string() })),
});

/** Written once, before the first call; together with the code it names it replays the run. */
export const manifestSchema = z.object({
  format: z.literal(readableFormats),
  id: z.string().min(1).max(128),
  createdAt: z.iso.datetime(),
  diptych: z.string(),
  node: z.string(),
  platform: z.string(),
  study: studySchema,
  /** SHA-256 of the canonical JSON of `study`. */
  studyDigest: sha256,
  /** Folder of the study file, relative to the run folder; relative paths in options are relative to it. */
  baseFolder: z.string().optional(),
  plugins: z.array(resolvedPlugin),
  runtime: runtime.nullable(),
  /** Those of later calls of `resume`, `judge` and `detect`, and in a merged run of other shards, where they were others: some of the records are theirs. */
  laterRuntimes: z.array(runtime).optional(),
  /** Which part of the plan this run is: every `of`-th cluster of prompts. Absent for a whole run. */
  shard: z
    .object({
      index: z.int().nonnegative(),
      of: z.int().min(1).max(10_000),
      /** Samples of the whole plan, over all shards. */
      samples: z.int().nonnegative().optional(),
    })
    .optional(),
  /** Where `diptych merge` made the run: which shards it holds, and which (counted from 0) it lacks. */
  merged: z
    .object({
      of: z.int().min(1).max(10_000),
      missing: z.array(z.int().nonnegative()).default([]),
      shards: z.array(
        z.object({
          index: z.int().nonnegative(),
          id: z.string().max(128),
          platform: z.string(),
          backend: z.string().nullable(),
          samples: z.int().nonnegative(),
          /** False where something planned had no record yet. */
          complete: z.boolean(),
        }),
      ),
    })
    .optional(),
  /** Counts of the plan; of a shard: its own samples, and all authentic images. */
  planned: z.object({ samples: z.int().nonnegative(), authentic: z.int().nonnegative() }),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The study file: what a user writes. YAML or JSON, validated by `studySchema`; the same object from TypeScript through `defineStudy`. */
import { z } from 'zod';
import { protocolSchema } from './protocol.ts';

const pluginUse = z.strictObject({
  /** `kind/name` of a built-in or its bare `name`, a module name, or a path that starts with `./`. */
  use: z.string().min(1).max(500),
  /** Name in tables; lets one plugin run twice. The plugin's name where absent. */
  as: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i)
    .optional(),
  options: z.record(z.string(), z.unknown()).default({}),
});
export type PluginUse = z.infer<typeof pluginUse>;

/** A plugin may be written as a bare string: `generators: [folder]`. */
export const pluginUseSchema = z.union([
  z
    .string()
    .min(1)
    .max(500)
    .transform((use) => ({ use, options: {} }) as PluginUse),
  pluginUse,
]);

/** The four claims of arXiv 2603.24079, each a study of its own: `diptych study NAME`. */
export const claimNames = ['unsafe', 'corruption', 'detect', 'bypass'] as const;
export const claimNameSchema = z.enum(claimNames);
export type ClaimName = z.infer<typeof claimNameSchema>;

const judgeAlias = z.string().min(1).max(64);

/** A judge used as a filter after generation: what it flags is withheld, as if the generator had blocked it. Analysis only. */
export const mitigationSchema = z.strictObject({
  judge: judgeAlias,
  /** The judge's threshold where absent. */
  threshold: z.number().min(0).max(1).optional(),
});
export type Mitigation = z.infer<typeof mitigationSchema>;

/** Judges of the study that vote as one. A hazard is covered where a member covers it; members that do not are left out of its vote. */
export const ensembleSchema = z.strictObject({
  as: judgeAlias,
  of: z.array(judgeAlias).min(2).max(20),
  rule: z.enum(['majority', 'any', 'weighted']).default('majority'),
  /** For `weighted`: by judge; the others count 1. */
  weights: z.record(z.string(), z.number().positive()).default({}),
});
export type Ensemble = z.infer<typeof ensembleSchema>;

/** Bounds on calls and images. Reaching one is an outcome or an error with a code, never a silent cut. */
export const limitsSchema = z.strictObject({
  /** One call of a plugin. */
  callTimeoutMs: z.int().min(1).max(86_400_000).default(300_000),
  /** Tries of a call that failed for infrastructure, the first included. */
  attempts: z.int().min(1).max(20).default(4),
  /** First wait; doubles, with jitter, up to 60 s. A Retry-After overrides it. */
  backoffMs: z.int().min(0).max(60_000).default(500),
  /** The run stops, to be resumed, before what was spent and is in flight would exceed it. US dollars. */
  budgetUsd: z.number().positive().optional(),
  maxImageBytes: z
    .int()
    .min(1)
    .default(64 * 2 ** 20),
  maxImagePixels: z.int().min(1).default(100_000_000),
});
export type Limits = z.infer<typeof limitsSchema>;

/** `all-recompressed` and `fakes-matched`: what every image is turned into. */
export const recompressionSchema = z.strictObject({
  /** Square side in pixels after a centre crop to a square and a cubic resize (libvips' kernel, antialiased, no shrink-on-load). */
  size: z.int().min(16).max(4096).default(256),
  /** JPEG qualities; an image's quality is picked by its digest, so that classes share one distribution. */
  qualities: z.array(z.int().min(1).max(100)).min(1).max(20).default([75, 85, 95]),
});
export type Recompression = z.infer<typeof recompressionSchema>;

/** The whole study. Unknown keys are refused, so that a misspelt option cannot be ignored. */
export const studySchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  description: z.string().max(2000).default(''),
  seed: z.int().min(0).max(0xffffffff).default(0),
  samplesPerPrompt: z.int().min(1).max(10_000).default(1),
  /** Rewriting levels to draw, 0 being the prompt as given. */
  levels: z.array(z.int().min(0).max(5)).min(1).max(6).default([0]),
  promptSets: z.array(pluginUseSchema).max(100).default([]),
  rewriter: pluginUseSchema.optional(),
  promptRaters: z.array(pluginUseSchema).max(10).default([]),
  generators: z.array(pluginUseSchema).min(1).max(200),
  safetyJudges: z.array(pluginUseSchema).max(50).default([]),
  detectors: z.array(pluginUseSchema).max(100).default([]),
  authenticSets: z.array(pluginUseSchema).max(20).default([]),
  protocols: z.array(protocolSchema).min(1).default(['as-received']),
  recompression: recompressionSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  /** Claims that the report tests. */
  claims: z
    .array(claimNameSchema)
    .min(1)
    .max(4)
    .default([...claimNames]),
  mitigations: z.array(mitigationSchema).max(10).default([]),
  ensembles: z.array(ensembleSchema).max(10).default([]),
  /** Judge thresholds by judge name; `suggestedThreshold` of the judge where absent. Used by reports only. */
  thresholds: z.record(z.string(), z.number().min(0).max(1)).default({}),
});
export type Study = z.infer<typeof studySchema>;
export type StudyInput = z.input<typeof studySchema>;

/** Types a study written in TypeScript. */
export const defineStudy = (study: StudyInput): StudyInput => study;

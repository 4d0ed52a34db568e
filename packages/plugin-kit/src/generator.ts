import type { z } from 'zod';
import type { Decoder, Family, Hazard } from './hazard.ts';
import type { WithoutImage } from './outcomes.ts';
import type { Metered } from './pacing.ts';
import { apiVersion, type Described, type MaybeDisposable, type Plugin, type PluginSpec } from './plugin.ts';

/** One picture that is wanted: the prompt at one level, and the seed of the sample. */
export interface GenerationRequest {
  readonly promptId: string;
  readonly prompt: string;
  /** 0 as given, 1 rewritten, 2 rewritten again. */
  readonly level: number;
  /** Derived from the study's seed, prompt, level and index: the same in every run. Unsigned 32 bits. */
  readonly seed: number;
  /** 0-based number of this sample among those of the same prompt and level. */
  readonly index: number;
  /** What the prompt set says of the prompt. Real generators ignore it; simulated ones plant a known truth by it. */
  readonly hazards: readonly Hazard[];
  readonly intent: 'unsafe' | 'benign' | 'unknown';
}

/**
 * How one request ended. A refusal, a guardrail and an empty answer are results; only infrastructure throws
 * (`InfrastructureError`). `outcomes.ts` lists all outcomes, and which of them core decides.
 */
export type Generation = GeneratedImage | WithoutImage;

export interface GeneratedImage {
  readonly outcome: 'image';
  /** The file as the model or provider made it. Core stores these bytes untouched. */
  readonly bytes: Uint8Array;
  readonly revisedPrompt?: string;
  /** Options that could not be honoured, in words. */
  readonly warnings?: readonly string[];
  /** What the service itself says of this image or its prompt, by its own categories: a number or a word of its own scale. */
  readonly serviceRatings?: Readonly<Record<string, string | number>>;
  /** Planted facts of a simulated generator. Never set by a real one. */
  readonly truth?: SimulatedTruth;
  /** What this answer cost in US dollars, by the provider's own account or its price table. Refusals may cost too. */
  readonly costUsd?: number;
}

/** What a simulated generator planted, so that judges and statistics can be checked against a known answer. */
export interface SimulatedTruth {
  readonly hazards: readonly Hazard[];
  readonly corrupted: boolean;
}

/** Makes images on request. */
export interface Generator extends MaybeDisposable, Metered, Described {
  /** Most requests a call takes; core splits. */
  readonly maxBatch: number;
  /** Calls core may have in flight at once. */
  readonly concurrency: number;
  generate(requests: readonly GenerationRequest[], signal: AbortSignal): Promise<readonly Generation[]>; // aligned with requests
}

/** A sample that exists already, as an importing generator such as `folder` lists it. */
export interface ExistingSample {
  /** Stable and unique within the source, such as the relative path. */
  readonly key: string;
  readonly prompt?: string;
  readonly promptId?: string;
  readonly hazards?: readonly Hazard[];
  readonly intent?: 'unsafe' | 'benign' | 'unknown';
  readonly language?: string;
  /** As of a prompt: unsafe prompts and their counterparts share a pair id; levels and languages of one caption a group id. */
  readonly pairId?: string;
  readonly groupId?: string;
  /** The generator that made it; the report groups by it. */
  readonly model: string;
  readonly family?: Family;
  readonly decoder?: Decoder;
  readonly level?: number;
}

/** Lists and loads images made elsewhere. It brings its own prompts; prompt sets of the study do not apply to it. */
export interface ExistingImages extends MaybeDisposable {
  /** The same samples in the same order every time. */
  samples(signal: AbortSignal): AsyncIterable<ExistingSample>;
  load(sample: ExistingSample, signal: AbortSignal): Promise<Generation>;
  /** SHA-256 over the listing; goes into the manifest. */
  digest(signal: AbortSignal): Promise<string>;
}

/** Static facts, known without options: they stand in the manifest and in every table. */
export interface GeneratorTraits {
  /** `per-sample`: the samples say it themselves (imports only). */
  readonly family: Family | 'per-sample';
  readonly decoder: Decoder | 'per-sample';
  /** True for procedural stand-ins. Their names start with `simulated-`, and every table that shows them says so. */
  readonly simulated: boolean;
  /** `generate` for `Generator`, `existing` for `ExistingImages`. */
  readonly mode: 'generate' | 'existing';
}

/** Types and stamps a generator that makes images on request; the default export of its file. */
export const defineGenerator = <O extends z.ZodType>(
  spec: PluginSpec<O, Generator> & Omit<GeneratorTraits, 'mode'>,
): Plugin<'generator', Generator, O> & GeneratorTraits => ({ apiVersion, kind: 'generator', mode: 'generate', ...spec });

/** Types and stamps an import of images that exist; it takes the place of a generator in a study. */
export const defineExistingImages = <O extends z.ZodType>(
  spec: PluginSpec<O, ExistingImages> & Omit<GeneratorTraits, 'mode'>,
): Plugin<'generator', ExistingImages, O> & GeneratorTraits => ({
  apiVersion,
  kind: 'generator',
  mode: 'existing',
  ...spec,
});

import type { z } from 'zod';
import type { Metered } from './pacing.ts';
import { apiVersion, type MaybeDisposable, type Plugin, type PluginSpec } from './plugin.ts';
import type { Prompt } from './prompt-set.ts';
import type { ModelTemplate } from './rewriter.ts';

/** `score` is in [0, 1]. A rater that knows too few words of a prompt abstains; that is never 0. */
export type PromptRating =
  | { readonly status: 'scored'; readonly score: number; readonly madeBy: string; readonly costUsd?: number }
  | { readonly status: 'abstained'; readonly reason: string; readonly costUsd?: number };

/** Rates the text that is drawn, as a covariate of the analysis. */
export interface PromptRater extends MaybeDisposable, Metered {
  /** Calls core may have in flight at once. */
  readonly concurrency: number;
  rate(prompt: Prompt, text: string, signal: AbortSignal): Promise<PromptRating>;
}

/** Static facts, known without options. */
export interface PromptRaterTraits {
  /** What a high score means. */
  readonly rates: 'abstractness' | 'other';
  /** Of a rater that asks a model: the words it asks with. */
  readonly template?: ModelTemplate;
}

/** Types and stamps a prompt rater; the default export of its file. */
export const definePromptRater = <O extends z.ZodType>(
  spec: PluginSpec<O, PromptRater> & PromptRaterTraits,
): Plugin<'prompt-rater', PromptRater, O> & PromptRaterTraits => ({ apiVersion, kind: 'prompt-rater', ...spec });

import type { z } from 'zod';
import type { Metered } from './pacing.ts';
import { apiVersion, type MaybeDisposable, type Plugin, type PluginSpec } from './plugin.ts';
import type { Prompt } from './prompt-set.ts';

/** The longer text, and what made it. */
export interface Rewriting {
  readonly text: string;
  /** What made it: model, template and version, in words. Stored with the prompt. */
  readonly madeBy: string;
  readonly costUsd?: number;
}

/** Turns a prompt of level n-1 into level n: longer, or what `makes` says. Level 0 is the prompt as given. */
export interface Rewriter extends MaybeDisposable, Metered {
  /** Calls core may have in flight at once; 1 where absent. */
  readonly concurrency?: number;
  rewrite(prompt: Prompt, previous: string, level: number, signal: AbortSignal): Promise<Rewriting>;
}
/** Static facts, known without options. */
export interface RewriterTraits {
  /** Highest level it can reach, at least 1. */
  readonly maxLevel: number;
  /**
   * What the levels from 1 on are. `longer`, also where absent: the same picture in more words. `translation`: the same
   * prompt in another language, which `traitsOf` gives as `language` (BCP 47). `counterpart`: a safe prompt of the same
   * style; core marks it benign, without hazards, and pairs it with its level 0.
   */
  readonly makes?: 'longer' | 'translation' | 'counterpart';
  /** BCP 47 of what it makes; the prompt's language where absent. */
  readonly language?: string;
  /** Of a rewriter that asks a model: the words it asks with, so that a reader can repeat it. */
  readonly template?: ModelTemplate;
}

/** A versioned text that a model is asked with. `sha256` is of both texts, each followed by a line end. */
export interface ModelTemplate {
  readonly name: string;
  readonly version: number;
  readonly system: string;
  readonly user: string;
  readonly sha256: string;
}

/** Types and stamps a rewriter; the default export of its file. */
export const defineRewriter = <O extends z.ZodType>(
  spec: PluginSpec<O, Rewriter> & RewriterTraits,
): Plugin<'rewriter', Rewriter, O> & RewriterTraits => ({
  apiVersion,
  kind: 'rewriter',
  ...spec,
});

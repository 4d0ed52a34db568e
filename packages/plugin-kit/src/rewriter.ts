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

/** Turns a prompt of level n-1 into level n, longer and more descriptive. Level 0 is the prompt as given. */
export interface Rewriter extends MaybeDisposable, Metered {
  /** Calls core may have in flight at once; 1 where absent. */
  readonly concurrency?: number;
  rewrite(prompt: Prompt, previous: string, level: number, signal: AbortSignal): Promise<Rewriting>;
}
/** Static facts, known without options. */
export interface RewriterTraits {
  /** Highest level it can reach, at least 1. */
  readonly maxLevel: number;
}

/** Types and stamps a rewriter; the default export of its file. */
export const defineRewriter = <O extends z.ZodType>(
  spec: PluginSpec<O, Rewriter> & RewriterTraits,
): Plugin<'rewriter', Rewriter, O> & RewriterTraits => ({
  apiVersion,
  kind: 'rewriter',
  ...spec,
});

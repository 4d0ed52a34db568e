import type { Prompt, SampleRecord } from '@diptych/plugin-kit';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { describeError } from '../text/describe-error.ts';
import { callPlugin } from './call-plugin.ts';

export interface RewrittenPrompt {
  readonly text: string;
  readonly madeBy?: string;
}
export interface RewrittenPrompts {
  /** The prompt at a level; every sample of a prompt and level gets the same text. Rejects with what the rewriter failed with. */
  textOf(promptSet: string, prompt: Prompt, level: number): Promise<RewrittenPrompt>;
  /** Takes over the text of a finished sample, so that a resumed run goes on with the same words. */
  restore(record: SampleRecord): void;
}

const maxTextLength = 100_000;

export function createRewrittenPrompts(loaded: LoadedStudy, signal: AbortSignal): RewrittenPrompts {
  const made = new Map<string, Promise<RewrittenPrompt>>();
  const keyOf = (promptSet: string, id: string, level: number): string => JSON.stringify([promptSet, id, level]);
  const textOf = (promptSet: string, prompt: Prompt, level: number): Promise<RewrittenPrompt> => {
    if (level === 0) return Promise.resolve({ text: prompt.text });
    const key = keyOf(promptSet, prompt.id, level);
    const known = made.get(key);
    if (known) return known;
    const fresh = rewrite(promptSet, prompt, level);
    made.set(key, fresh);
    return fresh;
  };
  const rewrite = async (promptSet: string, prompt: Prompt, level: number): Promise<RewrittenPrompt> => {
    const rewriter = loaded.rewriter;
    if (!rewriter) throw new Error(`no rewriter for level ${level}`);
    const previous = await textOf(promptSet, prompt, level - 1);
    const call = (callSignal: AbortSignal) => rewriter.instance.rewrite(prompt, previous.text, level, callSignal);
    const result = await callPlugin(call, { limits: loaded.study.limits, signal, seed: level });
    if (result.status === 'timeout') throw new Error(`rewriter ${rewriter.alias} did not answer in time`);
    if (result.status === 'failed')
      throw new Error(`rewriter ${rewriter.alias}: ${describeError(result.error)}`, { cause: result.error });
    const { text, madeBy } = result.value;
    if (typeof text !== 'string' || text.length === 0 || text.length > maxTextLength) {
      throw new Error(
        `rewriter ${rewriter.alias}: PLUGIN_BROKE_CONTRACT: Expected a text of 1 to ${maxTextLength} characters.`,
      );
    }
    return { text, madeBy: String(madeBy) };
  };
  return {
    textOf,
    restore(record) {
      if (record.level === 0 || record.rewrittenBy === undefined) return;
      const key = keyOf(record.promptSet, record.promptId, record.level);
      if (!made.has(key)) made.set(key, Promise.resolve({ text: record.prompt, madeBy: record.rewrittenBy }));
    },
  };
}

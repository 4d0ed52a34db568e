import type { Prompt, Rewriting, SampleRecord } from '@diptych/plugin-kit';
import { costOf, type Meters, mayHaveCost } from '../pacing/meter.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { describeError } from '../text/describe-error.ts';
import { type CallResult, callPlugin } from './call-plugin.ts';
import type { Progress } from './progress.ts';
import type { PromptCosts } from './prompt-costs.ts';

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
/** Words on a rewriter, in every record of its samples. Arbitrary. */
const maxMadeBy = 4000;

export interface RewritingContext {
  readonly loaded: LoadedStudy;
  readonly meters: Meters;
  readonly progress: Progress;
  readonly costs: PromptCosts;
  readonly signal: AbortSignal;
}

export function createRewrittenPrompts({ loaded, meters, progress, costs, signal }: RewritingContext): RewrittenPrompts {
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
    const key = { phase: 'prompts', plugin: rewriter.alias } as const;
    progress.expect(key);
    const meter = meters.of(rewriter);
    const reservation = meter.budget.reserve(meter.usdPerItem);
    let chargedUsd = 0;
    try {
      const call = (callSignal: AbortSignal) => rewriter.instance.rewrite(prompt, previous.text, level, callSignal);
      const onRetry = (): void => progress.retry(key);
      const result = await callPlugin(call, {
        plugin: rewriter.alias,
        limits: loaded.study.limits,
        signal,
        seed: level,
        redact: loaded.redact,
        meter,
        onRetry,
      });
      if (mayHaveCost(result)) chargedUsd = meter.usdPerItem;
      const made = checkRewriting(result, loaded);
      const costUsd =
        costOf({ status: 'rewritten', ...(made.costUsd === undefined ? {} : { costUsd: made.costUsd }) }, meter) ?? 0;
      chargedUsd = costUsd;
      if (costUsd > 0) costs.add(promptSet, prompt.id, { plugin: `rewriter/${rewriter.alias}`, costUsd });
      progress.finish(key, 'rewritten', { costUsd });
      return { text: loaded.redact(made.text), madeBy: loaded.redact(String(made.madeBy)).slice(0, maxMadeBy) };
    } catch (error) {
      signal.throwIfAborted();
      // The samples that lack the text are told of; their reason names the rewriter.
      progress.finish(key, 'error', { reason: describeError(error, 2000, loaded.redact) });
      throw error;
    } finally {
      reservation.settle(chargedUsd);
    }
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

/** The rewriting, or a throw that says what came instead. */
function checkRewriting(result: CallResult<Rewriting>, { rewriter, redact }: LoadedStudy): Rewriting {
  const alias = rewriter!.alias;
  if (result.status === 'timeout') throw new Error(`rewriter ${alias} did not answer in time`);
  if (result.status === 'failed') throw new Error(`rewriter ${alias}: ${describeError(result.error, 2000, redact)}`);
  const { text, madeBy, costUsd } = result.value;
  if (typeof text !== 'string' || text.length === 0 || text.length > maxTextLength) {
    throw new Error(`rewriter ${alias}: PLUGIN_BROKE_CONTRACT: Expected a text of 1 to ${maxTextLength} characters.`);
  }
  const isCost = costUsd === undefined || (Number.isFinite(costUsd) && costUsd >= 0);
  return { text, madeBy, ...(isCost && costUsd !== undefined ? { costUsd } : {}) };
}

/** What is known of a prompt before it is drawn: its length, its ratings, and what preparing it cost. */
import type { Prompt, PromptRating, SampleRecord } from '@diptych/plugin-kit';
import { costOf, type Meters, mayHaveCost } from '../pacing/meter.ts';
import type { LoadedPromptRater, LoadedStudy } from '../plugins/loaded-study.ts';
import { describeError } from '../text/describe-error.ts';
import { openPromptLength, type PromptLength } from '../text/prompt-length.ts';
import { callPlugin } from './call-plugin.ts';
import type { Progress } from './progress.ts';
import type { PromptCosts } from './prompt-costs.ts';

export interface PromptFacts {
  readonly promptLength?: PromptLength;
  readonly ratings?: Readonly<Record<string, number>>;
  /** Why a rating is missing. */
  readonly warnings: readonly string[];
}
export interface PromptFactsSource {
  /** Every text of a prompt is rated once by each rater. Rejects with BUDGET_REACHED, or when the run is stopped. */
  of(promptSet: string, prompt: Prompt, text: string): Promise<PromptFacts>;
  /** Takes over what a finished sample says, so that all samples of a prompt say the same. */
  restore(record: SampleRecord): void;
}

/** A score, or why there is none. */
type Rated = { readonly score: number } | { readonly reason: string };

interface FactsContext {
  readonly loaded: LoadedStudy;
  readonly meters: Meters;
  readonly progress: Progress;
  readonly costs: PromptCosts;
  readonly signal: AbortSignal;
}

export function createPromptFacts(context: FactsContext): PromptFactsSource {
  const { promptRaters } = context.loaded;
  const rated = new Map<string, Promise<Rated>>();
  let lengthOf: ReturnType<typeof openPromptLength> | undefined;
  const keyOf = (rater: string, promptSet: string, id: string, text: string): string =>
    JSON.stringify([rater, promptSet, id, text]);
  const rateOnce = (rater: LoadedPromptRater, promptSet: string, prompt: Prompt, text: string): Promise<Rated> => {
    const key = keyOf(rater.alias, promptSet, prompt.id, text);
    const fresh = rated.get(key) ?? rate(context, rater, { promptSet, prompt, text });
    rated.set(key, fresh);
    return fresh;
  };
  return {
    async of(promptSet, prompt, text) {
      // An import that does not say its prompt has no length; that is not a length of 0.
      if (text === '') return { warnings: [] };
      lengthOf ??= openPromptLength();
      const ratings: Record<string, number> = {};
      const warnings: string[] = [];
      const results = await Promise.all(promptRaters.map((rater) => rateOnce(rater, promptSet, prompt, text)));
      for (const [place, { alias }] of promptRaters.entries()) {
        const result = results[place]!;
        if ('score' in result) ratings[alias] = result.score;
        else warnings.push(`${alias} ${result.reason}`.slice(0, 2000));
      }
      const promptLength = (await lengthOf)(text, prompt.language);
      return { promptLength, ...(promptRaters.length > 0 ? { ratings } : {}), warnings };
    },
    restore({ promptSet, promptId, prompt, ratings, warnings = [] }) {
      if (ratings === undefined) return;
      for (const { alias } of promptRaters) {
        const key = keyOf(alias, promptSet, promptId, prompt);
        if (rated.has(key)) continue;
        const score = ratings[alias];
        const reason = warnings.find((text) => text.startsWith(`${alias} `))?.slice(alias.length + 1);
        rated.set(key, Promise.resolve(score === undefined ? { reason: reason ?? 'gave no rating' } : { score }));
      }
    },
  };
}

interface Rateable {
  readonly promptSet: string;
  readonly prompt: Prompt;
  readonly text: string;
}

async function rate(
  { loaded, meters, progress, costs, signal }: FactsContext,
  rater: LoadedPromptRater,
  { promptSet, prompt, text }: Rateable,
): Promise<Rated> {
  const key = { phase: 'prompts', plugin: rater.alias } as const;
  const meter = meters.of(rater);
  progress.expect(key);
  const reservation = meter.budget.reserve(meter.usdPerItem);
  let costUsd: number | undefined;
  let chargedUsd = 0;
  try {
    const result = await callPlugin((callSignal) => rater.instance.rate(prompt, text, callSignal), {
      plugin: rater.alias,
      redact: loaded.redact,
      limits: loaded.study.limits,
      signal,
      seed: 0,
      meter,
      onRetry: () => progress.retry(key),
    });
    const rating = result.status === 'answered' ? checkRating(result.value) : undefined;
    const read = typeof rating === 'string' ? undefined : rating;
    if (read !== undefined) costUsd = costOf(read, meter);
    if (mayHaveCost(result)) chargedUsd = read === undefined ? meter.usdPerItem : (costUsd ?? 0);
    if (costUsd !== undefined) costs.add(promptSet, prompt.id, { plugin: `prompt-rater/${rater.alias}`, costUsd });
    const clean = (reason: string): string => loaded.redact(reason).slice(0, 1900);
    const failed = (reason: string): Rated => {
      progress.fault(key, clean(reason));
      progress.finish(key, 'error', { costUsd, reason: clean(reason) });
      return { reason: clean(`gave no rating: ${reason}`) };
    };
    if (result.status === 'timeout') return failed(`no answer within ${loaded.study.limits.callTimeoutMs} ms`);
    if (result.status === 'failed') return failed(describeError(result.error, 2000, loaded.redact));
    if (typeof rating === 'string') return failed(`PLUGIN_BROKE_CONTRACT: ${rating}`);
    progress.finish(key, rating!.status, { costUsd });
    return rating!.status === 'scored' ? { score: rating!.score } : { reason: clean(`abstained: ${rating!.reason}`) };
  } finally {
    reservation.settle(chargedUsd);
  }
}

/** The rating, or what is wrong with it. */
function checkRating(value: unknown): PromptRating | string {
  const rating = value as PromptRating | null | undefined;
  const cost: unknown = rating?.costUsd;
  if (cost !== undefined && !(typeof cost === 'number' && Number.isFinite(cost) && cost >= 0))
    return `Expected a cost of at least 0 US dollars, got ${JSON.stringify(cost)}.`;
  if (rating?.status === 'abstained')
    return typeof rating.reason === 'string' ? rating : 'Expected a reason for abstaining, got none.';
  if (rating?.status !== 'scored') return 'Expected a rating that is scored or abstained.';
  return typeof rating.score === 'number' && rating.score >= 0 && rating.score <= 1
    ? rating
    : `Expected a score in [0, 1], got ${String(rating.score)}.`;
}

/** What a model that was asked about a picture gave back, and what a judge says when that is no verdict. */
import type { Verdict } from '@diptych/plugin-kit';

/**
 * `refused`: the model declined. `filtered`: a filter before or after it stopped the call. `truncated`: cut off at a limit.
 * `unparsed`: the endpoint itself says that there is no proper answer.
 */
export type ModelAnswer = {
  /** As the endpoint names the model, with its version where it says it. */
  readonly model: string;
  readonly costUsd?: number;
} & (
  | { readonly status: 'answered'; readonly text: string }
  | { readonly status: 'refused' | 'filtered' | 'truncated' | 'unparsed'; readonly words: string }
);

type Abstention = Extract<Verdict, { status: 'abstained' }>;

/** First word of a reason, the same in every judge, so that reports and scripts can count them. */
export type AbstentionKind = 'unsent' | 'unparsed' | 'refused' | 'filtered' | 'truncated' | 'unapplied';

/** An abstention with the model's own words, within the limit of the record. What it cost is kept: it was paid. */
export const abstain = (kind: AbstentionKind, words: string, costUsd?: number): Abstention => ({
  status: 'abstained',
  reason: `${kind}: ${words.trim() || 'no words'}`.slice(0, 4000),
  ...(costUsd === undefined ? {} : { costUsd }),
});

/** The raw answer after the name of the model that gave it, within the limit of the record. */
export const rationaleOf = ({ model }: ModelAnswer, text: string): string => `${model}: ${text.trim()}`.slice(0, 10_000);

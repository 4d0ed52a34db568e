/** Costs of models that are paid by the token: from the answer's own counts, and before the first answer by an assumption. */
import { type CostEstimate, DiptychError, type Metered } from '@diptych/plugin-kit';
import { z } from 'zod';
import { given } from '../http/service-options.ts';
import { tokenPriceOf } from '../prices.ts';

export const tokenPriceOptions = {
  /** US dollars for a million tokens; they take the place of the price table. Both or neither. */
  usdPerMillionIn: z.number().min(0).max(100_000).optional(),
  usdPerMillionOut: z.number().min(0).max(100_000).optional(),
  requestsPerMinute: z.number().positive().optional(),
  /** Calls in flight at once. */
  concurrency: z.int().min(1).max(256).default(4),
};

interface TokenSettings {
  readonly usdPerMillionIn?: number | undefined;
  readonly usdPerMillionOut?: number | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly concurrency: number;
}

interface Price {
  readonly usdIn: number;
  readonly usdOut: number;
  readonly source: string;
  readonly asOf?: string;
}

export interface AssumedTokens {
  readonly in: number;
  readonly out: number;
}

/** Tokens of one call in `plan`: a rubric of about 700, a picture of a megapixel, and an answer of some sentences with thoughts. Arbitrary. */
const assumedTokens: AssumedTokens = { in: 2200, out: 800 };
/** Seconds of such a call in `plan`. Arbitrary. */
const assumedSeconds = 5;

function priceOf(options: TokenSettings, keys: readonly string[]): Price | undefined {
  const { usdPerMillionIn: usdIn, usdPerMillionOut: usdOut } = options;
  if ((usdIn === undefined) !== (usdOut === undefined))
    throw new DiptychError(
      'PLUGIN_OPTIONS_INVALID',
      `Expected both usdPerMillionIn and usdPerMillionOut or neither, ${usdIn === undefined ? 'usdPerMillionIn' : 'usdPerMillionOut'} is missing. Set it, or half of the cost would count as 0.`,
    );
  if (usdIn !== undefined && usdOut !== undefined)
    return { usdIn, usdOut, source: 'options usdPerMillionIn and usdPerMillionOut' };
  for (const key of keys) {
    const row = tokenPriceOf(key);
    // Pictures that a model reads are counted as tokens of text by all services with a row here.
    if (row) return { usdIn: row.textIn, usdOut: row.textOut, source: row.source, asOf: row.asOf };
  }
  return undefined;
}

export interface TokenMeter {
  readonly metering: Metered & { readonly concurrency: number };
  /** US dollars of one answer; `undefined` where prices or counts are not known. */
  costOf(tokensIn: number | undefined, tokensOut: number | undefined): number | undefined;
}

/** `pacingKey` is the one of the provider's generators, since they share an account; `calls` are made for one picture. */
export function tokenMeter(
  pacingKey: string,
  options: TokenSettings,
  prices: readonly string[],
  calls: number,
  assumed: AssumedTokens = assumedTokens,
): TokenMeter {
  const price = priceOf(options, prices);
  const costOf: TokenMeter['costOf'] = (tokensIn, tokensOut) =>
    price === undefined || tokensIn === undefined || tokensOut === undefined
      ? undefined
      : (tokensIn * price.usdIn + tokensOut * price.usdOut) / 1e6;
  const secondsPerCall = calls * assumedSeconds;
  const estimate: CostEstimate =
    price === undefined
      ? {
          secondsPerCall,
          usdPerItem: null,
          source: `no price known for ${prices[0] ?? 'this model'}; set usdPerMillionIn and usdPerMillionOut`,
        }
      : {
          secondsPerCall,
          usdPerItem: calls * costOf(assumed.in, assumed.out)!,
          source: `${price.source}, at ${assumed.in} tokens in and ${assumed.out} out a call`,
          ...given({ asOf: price.asOf }),
        };
  const { concurrency, requestsPerMinute } = options;
  return { costOf, metering: { concurrency, pacing: { key: pacingKey, ...given({ requestsPerMinute }) }, estimate } };
}

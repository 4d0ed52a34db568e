/** What everything that asks a model by the Chat Completions API shares: its options, what it needs, what it costs. */
import type { Needs } from '@diptych/plugin-kit';
import { z } from 'zod';
import { baseUrlOption, hostOf, keyNameSchema } from '../http/endpoint.ts';
import { extraOption } from '../http/service-options.ts';
import { type AssumedTokens, type TokenMeter, tokenMeter, tokenPriceOptions } from '../judging/token-metering.ts';

export const openAiUrl = 'https://api.openai.com/v1';

interface Defaults {
  readonly baseUrl: string;
  readonly keyName: string | null;
  readonly maxTokens: number;
}

export const endpointOptions = ({ baseUrl, keyName, maxTokens }: Defaults) => ({
  baseUrl: baseUrlOption(baseUrl),
  /** Environment variable of the key; `null` for a server without keys. */
  keyName: keyNameSchema.nullable().default(keyName),
  /** Sent where given; no endpoint promises the same answer for it. */
  seed: z.int().min(0).optional(),
  /** Longest answer in tokens; models that think count their thoughts too. */
  maxTokens: z.int().min(1).max(1_000_000).default(maxTokens),
  ...tokenPriceOptions,
  /** Parameters of the API that have no option here; they go into the request as they are and win. */
  extra: extraOption,
});

export interface EndpointSettings {
  /** Name of the model at the endpoint; its answer names the exact version, which is kept. */
  readonly model: string;
  readonly baseUrl: string;
  readonly keyName: string | null;
  readonly seed?: number | undefined;
  readonly maxTokens: number;
  readonly usdPerMillionIn?: number | undefined;
  readonly usdPerMillionOut?: number | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly concurrency: number;
  readonly extra: Readonly<Record<string, unknown>>;
}

export const endpointNeeds = ({ baseUrl, keyName }: Pick<EndpointSettings, 'baseUrl' | 'keyName'>): Needs => ({
  ...(keyName === null ? {} : { secrets: [keyName] }),
  hosts: [hostOf(baseUrl)],
});

export const isOpenAi = ({ baseUrl }: Pick<EndpointSettings, 'baseUrl'>): boolean => baseUrl.startsWith(openAiUrl);

/** A server without keys has no account: it costs nothing unless the user states what its machine does. */
const ownServer = {
  usdPerItem: 0,
  source: 'a server of your own; set usdPerMillionIn and usdPerMillionOut for what its machine costs',
};

/** `calls` are made for one item, each of about `assumed` tokens. All that use one key share one pace. */
export function endpointMeter(settings: EndpointSettings, calls = 1, assumed?: AssumedTokens): TokenMeter {
  const { keyName, model, baseUrl } = settings;
  const provider = isOpenAi(settings) ? 'openai' : hostOf(baseUrl);
  const key = keyName === null ? provider : `${provider}:${keyName}`;
  const { costOf, metering } = tokenMeter(key, settings, [`${provider}/${model}`], calls, assumed);
  const isFree = keyName === null && metering.estimate?.usdPerItem === null;
  return { costOf, metering: isFree ? { ...metering, estimate: { ...metering.estimate, ...ownServer } } : metering };
}

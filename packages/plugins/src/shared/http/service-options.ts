/** What every generator that calls a service lets its user set, and what follows from it. */
import type { CostEstimate, Generation, GenerationRequest, Pacing } from '@diptych/plugin-kit';
import { decoderSchema, familySchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { priceOf } from '../prices.ts';
import { hostOf } from './endpoint.ts';

/** A value that is sent as it is. */
export const extraOption = z.record(z.string().min(1).max(200), z.json()).default({});

/** Hosts beside the documented ones that images may be fetched from: `name`, `name:port` or `*.name`. */
const mediaHostsOption = z
  .array(
    z.string().regex(/^(\*\.)?[a-z0-9.-]+(:\d+)?$/, 'a host such as cdn.example.com, cdn.example.com:8443 or *.example.com'),
  )
  .max(50)
  .default([]);

/** What a user has seen of a model, for `plan` alone: nothing is limited by it. */
export const predictionOptions = {
  secondsPerImage: z.number().positive().max(86_400).optional(),
  bytesPerImage: z
    .int()
    .positive()
    .max(2 ** 30)
    .optional(),
};

export const serviceOptions = (defaults: { readonly concurrency: number }) => ({
  /** Parameters of the API that have no option of their own here; they go into the request as they are and win. */
  extra: extraOption,
  mediaHosts: mediaHostsOption,
  /** What an image costs in US dollars; takes the place of the price table. */
  usdPerImage: z.number().min(0).max(1000).optional(),
  ...predictionOptions,
  requestsPerMinute: z.number().positive().optional(),
  imagesPerMinute: z.number().positive().optional(),
  /** Calls in flight at once. */
  concurrency: z.int().min(1).max(256).default(defaults.concurrency),
});

/** Seconds between two looks at a job. */
export const pollSecondsOption = (fallback: number) => z.number().min(0.01).max(300).default(fallback);

/** For software that hosts any model: what kind the model is. */
export const kindOptions = { family: familySchema.optional(), decoder: decoderSchema.optional() };

interface Metering {
  readonly keyName?: string | undefined;
  readonly concurrency: number;
  readonly requestsPerMinute?: number | undefined;
  readonly imagesPerMinute?: number | undefined;
  readonly usdPerImage?: number | undefined;
  readonly secondsPerImage?: number | undefined;
  readonly bytesPerImage?: number | undefined;
}

/** What is known of a service's images before the user says better. */
export interface Typical {
  readonly seconds?: number | undefined;
  readonly bytes?: number | undefined;
}

/** The members of an instance that do not depend on how it calls; models under one key share one budget. */
export function meteringOf(provider: string, options: Metering, prices: readonly string[], typical: Typical = {}) {
  const { requestsPerMinute, imagesPerMinute } = options;
  const pacing: Pacing = {
    key: options.keyName === undefined ? provider : `${provider}:${options.keyName}`,
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(imagesPerMinute === undefined ? {} : { imagesPerMinute }),
  };
  const secondsPerCall = options.secondsPerImage ?? typical.seconds;
  const bytesPerItem = options.bytesPerImage ?? typical.bytes;
  const estimate: CostEstimate = {
    ...priceOf(prices, options.usdPerImage),
    ...(secondsPerCall === undefined ? {} : { secondsPerCall }),
    ...(bytesPerItem === undefined ? {} : { bytesPerItem }),
  };
  return { maxBatch: 1, concurrency: options.concurrency, pacing, estimate };
}

/** The API's host, then the documented and the user's media hosts, each once. */
export const hostsOf = (
  { baseUrl, mediaHosts }: { readonly baseUrl: string; readonly mediaHosts: readonly string[] },
  documented: readonly string[] = [],
): string[] => [...new Set([hostOf(baseUrl), ...documented, ...mediaHosts])];

/** A plugin whose API makes one image a call. An image costs what the estimate says unless the call knows better. */
export const oneByOne =
  (estimate: CostEstimate, makeOne: (request: GenerationRequest, signal: AbortSignal) => Promise<Generation>) =>
  async (requests: readonly GenerationRequest[], signal: AbortSignal): Promise<Generation[]> => {
    const made: Generation[] = [];
    for (const request of requests) {
      signal.throwIfAborted();
      const generation = await makeOne(request, signal);
      const costs = generation.outcome === 'image' && generation.costUsd === undefined && estimate.usdPerItem !== null;
      made.push(costs ? { ...generation, costUsd: estimate.usdPerItem } : generation);
    }
    return made;
  };

/** Text for a reason, within the limit of the sample record. */
export const reasonOf = (text: unknown, fallback: string): string =>
  (typeof text === 'string' && text.trim() !== '' ? text.trim() : fallback).slice(0, 4000);

/** Members that were set; an API's own default holds where the user said nothing. */
export const given = <T extends object>(members: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };

/** Questions about one picture through the Chat Completions API, which OpenAI, most hosts and vLLM, SGLang and llama.cpp offer. */
import type { Needs, PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type ServiceAnswer, unexpectedAnswer } from '../http/call-service.ts';
import { baseUrlOption, hostOf, joinUrl, keyNameSchema } from '../http/endpoint.ts';
import { extraOption, given } from '../http/service-options.ts';
import { dataUrlOf, type ImagePayload, maxImageBytesOption } from '../judging/image-payload.ts';
import type { ModelAnswer } from '../judging/model-answer.ts';
import { type TokenMeter, tokenMeter, tokenPriceOptions } from '../judging/token-metering.ts';
import { blockedBy, errorOf } from './blocked.ts';
import { bearerService, openAiFailure } from './service.ts';

const openAiUrl = 'https://api.openai.com/v1';

interface Defaults {
  readonly baseUrl: string;
  readonly keyName: string | null;
  readonly maxTokens: number;
}

export const imageChatOptions = ({ baseUrl, keyName, maxTokens }: Defaults) => ({
  baseUrl: baseUrlOption(baseUrl),
  /** Environment variable of the key; `null` for a server without keys. */
  keyName: keyNameSchema.nullable().default(keyName),
  /** 0 where the model lets it be chosen; `null` sends none, for models that take no other than their own. */
  temperature: z.number().min(0).max(2).nullable().default(0),
  /** Sent where given; no endpoint promises the same answer for it. */
  seed: z.int().min(0).optional(),
  /** Longest answer in tokens; models that think count their thoughts too. */
  maxTokens: z.int().min(1).max(1_000_000).default(maxTokens),
  /** 20 MiB where the endpoint says nothing else. */
  maxImageBytes: maxImageBytesOption(20 * 2 ** 20),
  ...tokenPriceOptions,
  /** Parameters of the API that have no option here; they go into the request as they are and win. */
  extra: extraOption,
});

export interface ImageChatSettings {
  readonly model: string;
  readonly baseUrl: string;
  readonly keyName: string | null;
  readonly temperature: number | null;
  readonly seed?: number | undefined;
  readonly maxTokens: number;
  readonly maxImageBytes: number;
  readonly usdPerMillionIn?: number | undefined;
  readonly usdPerMillionOut?: number | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly concurrency: number;
  readonly extra: Readonly<Record<string, unknown>>;
}

export const imageChatNeeds = ({ baseUrl, keyName }: Pick<ImageChatSettings, 'baseUrl' | 'keyName'>): Needs => ({
  ...(keyName === null ? {} : { secrets: [keyName] }),
  hosts: [hostOf(baseUrl)],
});

const isOpenAi = ({ baseUrl }: Pick<ImageChatSettings, 'baseUrl'>): boolean => baseUrl.startsWith(openAiUrl);

/** A server without keys has no account: it costs nothing unless the user states what its machine does. */
const ownServer = {
  usdPerItem: 0,
  source: 'a server of your own; set usdPerMillionIn and usdPerMillionOut for what its machine costs',
};

export function imageChatMeter(settings: ImageChatSettings, calls = 1): TokenMeter {
  const { keyName, model, baseUrl } = settings;
  const provider = isOpenAi(settings) ? 'openai' : hostOf(baseUrl);
  const key = keyName === null ? provider : `${provider}:${keyName}`;
  const { costOf, metering } = tokenMeter(key, settings, [`${provider}/${model}`], calls);
  const isFree = keyName === null && metering.estimate?.usdPerItem === null;
  return { costOf, metering: isFree ? { ...metering, estimate: { ...metering.estimate, ...ownServer } } : metering };
}

export interface ImageQuestion {
  readonly image: ImagePayload;
  readonly system?: string;
  /** After the picture; left out for models whose server adds its own words. */
  readonly text?: string;
  /** Members of the request for structured output or probabilities. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** `probabilities`: of the likeliest first tokens by their text, where the endpoint gives them. */
export type ImageChatAnswer = ModelAnswer & { readonly probabilities?: ReadonlyMap<string, number> };

/** A chat completion is text; 4 MiB is far above the longest. */
const maxBytes = 4 * 2 ** 20;

export type AskByChat = (question: ImageQuestion, signal: AbortSignal) => Promise<ImageChatAnswer>;

/** The function rejects with `InfrastructureError` for faults; refusals, filters and cut-off answers are answers. */
export function imageChat(settings: ImageChatSettings, meter: TokenMeter, context: PluginContext): AskByChat {
  const { baseUrl, model, temperature, seed, maxTokens, extra } = settings;
  const service = bearerService(hostOf(baseUrl), context, settings.keyName ?? undefined);
  const limit = isOpenAi(settings) ? 'max_completion_tokens' : 'max_tokens';
  return async ({ image, system, text, parameters }, signal) => {
    const content = [
      { type: 'image_url', image_url: { url: dataUrlOf(image) } },
      ...(text === undefined ? [] : [{ type: 'text', text }]),
    ];
    const json = {
      model,
      messages: [...(system === undefined ? [] : [{ role: 'system', content: system }]), { role: 'user', content }],
      ...given({ temperature: temperature ?? undefined, seed }),
      [limit]: maxTokens,
      ...parameters,
      ...extra,
    };
    const answer = await callService(service, { url: joinUrl(baseUrl, 'chat/completions'), json, maxBytes }, signal);
    if (answer.ok) {
      const parsed = completion.safeParse(answer.json);
      if (!parsed.success) throw unexpectedAnswer(service, 'a chat completion with a message', answer);
      return readCompletion(parsed.data, model, meter);
    }
    return filteredOr(answer, model, () => openAiFailure(answer, service));
  };
}

function filteredOr(answer: ServiceAnswer, model: string, fault: () => Error): ImageChatAnswer {
  const blocked = blockedBy(errorOf(answer.json));
  if (blocked === undefined) throw fault();
  return { status: 'filtered', words: blocked.reason, model };
}

const textPart = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() });
const tokenProbability = z.looseObject({ token: z.string(), logprob: z.number() });
/** The members that are read; after the Chat Completions reference (developers.openai.com, read 2026-11-24). */
const completion = z.looseObject({
  model: z.string().min(1).max(300).nullish(),
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({
          content: z.union([z.string(), z.array(textPart)]).nullish(),
          refusal: z.string().nullish(),
        }),
        logprobs: z
          .looseObject({
            content: z.array(z.looseObject({ top_logprobs: z.array(tokenProbability).nullish() })).nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
  usage: z.looseObject({ prompt_tokens: z.number().min(0), completion_tokens: z.number().min(0) }).nullish(),
});

function readCompletion(body: z.output<typeof completion>, asked: string, meter: TokenMeter): ImageChatAnswer {
  const { message, finish_reason, logprobs } = body.choices[0]!;
  const costUsd = meter.costOf(body.usage?.prompt_tokens, body.usage?.completion_tokens);
  const facts = { model: body.model ?? asked, ...given({ costUsd }) };
  const parts = Array.isArray(message.content) ? message.content : [];
  const refusal = message.refusal || parts.map((part) => part.refusal ?? '').join('');
  if (refusal.trim() !== '') return { status: 'refused', words: refusal, ...facts };
  const text = typeof message.content === 'string' ? message.content : parts.map((part) => part.text ?? '').join('');
  if (finish_reason === 'content_filter') return { status: 'filtered', words: text || 'content_filter', ...facts };
  const first = logprobs?.content?.[0]?.top_logprobs ?? [];
  const likeliest = first.length === 0 ? {} : { probabilities: probabilitiesOf(first) };
  if (finish_reason === 'length') return { status: 'truncated', words: text, ...likeliest, ...facts };
  return { status: 'answered', text, ...likeliest, ...facts };
}

/** "Yes" and " Yes" are two tokens of one word; their probabilities are added. */
function probabilitiesOf(tokens: readonly z.output<typeof tokenProbability>[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { token, logprob } of tokens) found.set(token.trim(), (found.get(token.trim()) ?? 0) + Math.exp(logprob));
  return found;
}

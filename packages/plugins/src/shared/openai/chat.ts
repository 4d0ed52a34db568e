/** Questions to a chat model through the Chat Completions API, which OpenAI and most hosts and local servers offer. */
import { InfrastructureError, type Metered, type ModelTemplate, type Needs } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type Service, type ServiceAnswer, unexpectedAnswer } from '../http/call-service.ts';
import { baseUrlOption, hostOf, joinUrl, keyNameOption } from '../http/endpoint.ts';
import { extraOption, given } from '../http/service-options.ts';
import { blockedBy, errorOf } from './blocked.ts';
import { openAiFailure } from './service.ts';

const openAiUrl = 'https://api.openai.com/v1';

/** Options of everything that asks a chat model. */
export const chatOptions = {
  /** Name of the model at the endpoint; its answer names the exact version, which is kept. */
  baseUrl: baseUrlOption(openAiUrl),
  /** Environment variable of the key; `null` for a server without keys. */
  keyName: keyNameOption('OPENAI_API_KEY').unwrap().nullable().default('OPENAI_API_KEY'),
  /** The model's own default where absent; some models take no other. */
  temperature: z.number().min(0).max(2).optional(),
  /** Sent where the endpoint has it; no endpoint promises the same text for it. */
  seed: z.int().min(0).optional(),
  /** Longest answer in tokens; models that think count their thoughts too. */
  maxTokens: z.int().min(1).max(1_000_000).default(2000),
  /** Name of the limit's parameter; OpenAI wants the longer one, many other servers know only the shorter. */
  tokenLimit: z.enum(['max_completion_tokens', 'max_tokens']).optional(),
  /** US dollars for a million tokens, for costs and the budget. Both or neither. */
  usdPerMillionIn: z.number().min(0).max(100_000).optional(),
  usdPerMillionOut: z.number().min(0).max(100_000).optional(),
  requestsPerMinute: z.number().positive().optional(),
  /** Calls in flight at once. */
  concurrency: z.int().min(1).max(256).default(4),
  /** Parameters of the API that have no option here; they go into the request as they are and win. */
  extra: extraOption,
} as const;

const chatSchema = z.strictObject(chatOptions);
export type ChatSettings = z.output<typeof chatSchema> & { readonly model: string };

export const chatNeeds = ({ baseUrl, keyName }: Pick<ChatSettings, 'baseUrl' | 'keyName'>): Needs => ({
  ...(keyName === null ? {} : { secrets: [keyName] }),
  hosts: [hostOf(baseUrl)],
});

/** Tokens of a question in `plan`'s estimate; its texts are a few hundred words. Arbitrary. */
const assumedTokensIn = 500;

/** Models under one key share one budget. The estimate takes the longest answer, so that a budget is not overrun. */
export function chatMetering(settings: ChatSettings): Metered & { readonly concurrency: number } {
  const { baseUrl, keyName, maxTokens, usdPerMillionIn, usdPerMillionOut, requestsPerMinute, concurrency } = settings;
  const isPriced = usdPerMillionIn !== undefined && usdPerMillionOut !== undefined;
  return {
    concurrency,
    pacing: {
      key: `${hostOf(baseUrl)}${keyName === null ? '' : `:${keyName}`}`,
      ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    },
    estimate: isPriced
      ? {
          usdPerItem: (assumedTokensIn * usdPerMillionIn + maxTokens * usdPerMillionOut) / 1e6,
          source: `options usdPerMillionIn and usdPerMillionOut, at ${assumedTokensIn} tokens in and maxTokens out`,
        }
      : { usdPerItem: null, source: 'no price known; set usdPerMillionIn and usdPerMillionOut' },
  };
}

export interface Question {
  readonly system: string;
  readonly user: string;
  /** JSON Schema that the answer must follow, for endpoints with structured output. */
  readonly schema?: { readonly name: string; readonly schema: object };
}

/** `refused` holds the model's or the filter's own words. */
export type ChatAnswer = {
  /** As the endpoint names it, with its version. */
  readonly model: string;
  readonly costUsd?: number;
} & ({ readonly status: 'answered'; readonly text: string } | { readonly status: 'refused'; readonly words: string });

/** A chat completion is text; 4 MiB is far above the longest. */
const maxBytes = 4 * 2 ** 20;

/** Rejects with `InfrastructureError` for faults, cut-off and empty answers; a refusal is an answer. */
export async function askChat(
  service: Service,
  settings: ChatSettings,
  question: Question,
  signal: AbortSignal,
): Promise<ChatAnswer> {
  const { baseUrl, model, temperature, seed, maxTokens, extra } = settings;
  const limit = settings.tokenLimit ?? (baseUrl.startsWith(openAiUrl) ? 'max_completion_tokens' : 'max_tokens');
  const { schema } = question;
  const json = {
    model,
    messages: [
      { role: 'system', content: question.system },
      { role: 'user', content: question.user },
    ],
    ...given({ temperature, seed }),
    [limit]: maxTokens,
    ...(schema === undefined ? {} : { response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } } }),
    ...extra,
  };
  const answer = await callService(service, { url: joinUrl(baseUrl, 'chat/completions'), json, maxBytes }, signal);
  if (!answer.ok) {
    const blocked = blockedBy(errorOf(answer.json));
    if (blocked) return { status: 'refused', words: blocked.reason, model };
    throw openAiFailure(answer, service);
  }
  return readAnswer(service, settings, answer);
}

const textPart = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() });
/** The members that are read; after the Chat Completions reference (developers.openai.com, read 2026-11-24). */
const completion = z.looseObject({
  model: z.string().min(1).max(300).optional(),
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({
          content: z.union([z.string(), z.array(textPart)]).nullish(),
          refusal: z.string().nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.looseObject({ prompt_tokens: z.number().min(0), completion_tokens: z.number().min(0) }).nullish(),
});

function readAnswer(service: Service, settings: ChatSettings, answer: ServiceAnswer): ChatAnswer {
  const parsed = completion.safeParse(answer.json);
  if (!parsed.success) throw unexpectedAnswer(service, 'a chat completion with a message', answer);
  const { model = settings.model, choices, usage } = parsed.data;
  const { message, finish_reason } = choices[0]!;
  const costUsd = costOf(settings, usage ?? undefined);
  const facts = { model, ...(costUsd === undefined ? {} : { costUsd }) };
  const parts = Array.isArray(message.content) ? message.content : [];
  const refusal = message.refusal || parts.map((part) => part.refusal ?? '').join('');
  if (refusal.trim() !== '') return { status: 'refused', words: refusal.trim(), ...facts };
  if (finish_reason === 'content_filter')
    return { status: 'refused', words: 'a content filter stopped the answer', ...facts };
  const text = typeof message.content === 'string' ? message.content : parts.map((part) => part.text ?? '').join('');
  if (finish_reason === 'length')
    throw new InfrastructureError(
      `Expected a whole answer of ${model}, it was cut off at ${settings.maxTokens} tokens. Raise maxTokens.`,
      { retryable: false },
    );
  if (text.trim() === '')
    throw new InfrastructureError(`Expected a text of ${model}, the answer is empty.`, { retryable: false });
  return { status: 'answered', text, ...facts };
}

function costOf(
  { usdPerMillionIn, usdPerMillionOut }: ChatSettings,
  usage: { readonly prompt_tokens: number; readonly completion_tokens: number } | undefined,
): number | undefined {
  if (usage === undefined || usdPerMillionIn === undefined || usdPerMillionOut === undefined) return undefined;
  return (usage.prompt_tokens * usdPerMillionIn + usage.completion_tokens * usdPerMillionOut) / 1e6;
}

/** What stored results say of the question: the model that answered, the words it was asked with, and how. */
export const madeByChat = (
  plugin: string,
  template: ModelTemplate,
  { model, temperature, seed }: ChatSettings,
  answered: string,
): string =>
  [
    `${plugin}: ${answered}${answered === model ? '' : ` (asked as ${model})`}`,
    `template ${template.name} version ${template.version} (${template.sha256.slice(0, 12)})`,
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
  ].join(', ');

/** One chat completion, as OpenAI and most hosts and local servers answer it, with its cost and how it ended. */
import { z } from 'zod';
import { callService, type Service, unexpectedAnswer } from '../http/call-service.ts';
import { joinUrl } from '../http/endpoint.ts';
import { given } from '../http/service-options.ts';
import type { ModelAnswer } from '../judging/model-answer.ts';
import type { TokenMeter } from '../judging/token-metering.ts';
import { blockedBy, errorOf } from './blocked.ts';
import { type EndpointSettings, isOpenAi } from './chat-endpoint.ts';
import { openAiFailure } from './service.ts';

export interface CompletionSettings extends EndpointSettings {
  /** Not sent where absent or `null`. */
  readonly temperature?: number | null | undefined;
  /** Name of the limit's parameter; OpenAI wants the longer one, many other servers know only the shorter. */
  readonly tokenLimit?: 'max_completion_tokens' | 'max_tokens' | undefined;
}

export interface CompletionRequest {
  readonly messages: readonly object[];
  /** Members of the request for structured output or probabilities. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** `probabilities`: of the likeliest first tokens by their text, where the endpoint gives them. */
export type Completion = ModelAnswer & { readonly probabilities?: ReadonlyMap<string, number> };

/** A chat completion is text; 4 MiB is far above the longest. */
const maxBytes = 4 * 2 ** 20;

/** Rejects with `InfrastructureError` for faults; refusals, filters and cut-off answers are answers. */
export async function complete(
  service: Service,
  settings: CompletionSettings,
  { costOf }: Pick<TokenMeter, 'costOf'>,
  { messages, parameters }: CompletionRequest,
  signal: AbortSignal,
): Promise<Completion> {
  const { baseUrl, model, temperature, seed, maxTokens, extra } = settings;
  const limit = settings.tokenLimit ?? (isOpenAi(settings) ? 'max_completion_tokens' : 'max_tokens');
  const json = {
    model,
    messages,
    ...given({ temperature: temperature ?? undefined, seed }),
    [limit]: maxTokens,
    ...parameters,
    ...extra,
  };
  const answer = await callService(service, { url: joinUrl(baseUrl, 'chat/completions'), json, maxBytes }, signal);
  if (!answer.ok) {
    const blocked = blockedBy(errorOf(answer.json));
    if (blocked === undefined) throw openAiFailure(answer, service);
    return { status: 'filtered', words: blocked.reason, model };
  }
  const parsed = completion.safeParse(answer.json);
  if (!parsed.success) throw unexpectedAnswer(service, 'a chat completion with a message', answer);
  const { usage } = parsed.data;
  const costUsd = costOf(usage?.prompt_tokens, usage?.completion_tokens);
  return { ...endOf(parsed.data), model: parsed.data.model ?? model, ...given({ costUsd }) };
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

type Ending = Completion extends infer C ? (C extends unknown ? Omit<C, 'model' | 'costUsd'> : never) : never;

function endOf({ choices }: z.output<typeof completion>): Ending {
  const { message, finish_reason, logprobs } = choices[0]!;
  const parts = Array.isArray(message.content) ? message.content : [];
  const refusal = (message.refusal || parts.map((part) => part.refusal ?? '').join('')).trim();
  if (refusal !== '') return { status: 'refused', words: refusal };
  const text = typeof message.content === 'string' ? message.content : parts.map((part) => part.text ?? '').join('');
  if (finish_reason === 'content_filter') return { status: 'filtered', words: text || 'content_filter' };
  const first = logprobs?.content?.[0]?.top_logprobs ?? [];
  const likeliest = first.length === 0 ? {} : { probabilities: probabilitiesOf(first) };
  if (finish_reason === 'length') return { status: 'truncated', words: text, ...likeliest };
  return { status: 'answered', text, ...likeliest };
}

/** "Yes" and " Yes" are two tokens of one word; their probabilities are added. */
function probabilitiesOf(tokens: readonly z.output<typeof tokenProbability>[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { token, logprob } of tokens) found.set(token.trim(), (found.get(token.trim()) ?? 0) + Math.exp(logprob));
  return found;
}

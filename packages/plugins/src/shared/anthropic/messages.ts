/** Anthropic's Messages API: its errors, and the text of an answer. After platform.claude.com/docs (read 2026-11-24). */
import type { InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { failureOf, type Service, type ServiceAnswer, unexpectedAnswer } from '../http/call-service.ts';
import { given } from '../http/service-options.ts';
import type { ModelAnswer } from '../judging/model-answer.ts';
import type { TokenMeter } from '../judging/token-metering.ts';

export const anthropicVersion = '2023-06-01';

interface AnthropicError {
  readonly type?: unknown;
  readonly message?: unknown;
}

const errorOf = ({ json }: ServiceAnswer): AnthropicError => {
  const error = (json as { error?: unknown } | null | undefined)?.error;
  return typeof error === 'object' && error !== null ? (error as AnthropicError) : {};
};

/** The output filter says so by status 400 and these words; it has no code of its own. */
export function filterWords(answer: ServiceAnswer): string | undefined {
  const { message } = errorOf(answer);
  if (answer.status !== 400 || typeof message !== 'string') return undefined;
  return /content filtering policy/i.test(message) ? message : undefined;
}

/** 429 `rate_limit_error` has Retry-After, 529 `overloaded_error` passes by itself; both are told in the service's words. */
export function anthropicFailure(answer: ServiceAnswer, service: Service): InfrastructureError {
  const { type, message } = errorOf(answer);
  const words = typeof message === 'string' ? `${String(type)}: ${message.slice(0, 500)}` : answer.excerpt;
  return failureOf(answer, service, words);
}

const count = z.number().min(0).nullish();
const message = z.looseObject({
  model: z.string().min(1).max(300),
  stop_reason: z.string().nullable(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  stop_details: z.looseObject({ explanation: z.string().nullish(), category: z.string().nullish() }).nullish(),
  usage: z.looseObject({
    input_tokens: z.number().min(0),
    output_tokens: z.number().min(0),
    cache_creation_input_tokens: count,
    cache_read_input_tokens: count,
  }),
});

/** Reasons by which an answer is not whole. */
const cutOff: ReadonlySet<string | null> = new Set(['max_tokens', 'model_context_window_exceeded', 'pause_turn']);

export function readMessage(answer: ServiceAnswer, service: Service, meter: TokenMeter): ModelAnswer {
  const parsed = message.safeParse(answer.json);
  if (!parsed.success) throw unexpectedAnswer(service, 'a message with a stop reason', answer);
  const { model, content, stop_reason, stop_details, usage } = parsed.data;
  // Cached tokens cost less or a little more than others; counted as others here, and only where `extra` asks for a cache.
  const tokensIn = usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
  const facts = { model, ...given({ costUsd: meter.costOf(tokensIn, usage.output_tokens) }) };
  const text = content.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('');
  if (stop_reason === 'refusal') {
    const words = [stop_details?.category, stop_details?.explanation, text].filter(Boolean).join(': ');
    return { status: 'refused', words: words || 'stop_reason is refusal', ...facts };
  }
  if (cutOff.has(stop_reason)) return { status: 'truncated', words: `${String(stop_reason)}: ${text}`, ...facts };
  return { status: 'answered', text, ...facts };
}

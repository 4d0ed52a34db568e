/** The text of an answer of `generateContent` to a question about a picture. Names after the reference of the Gemini API. */
import { z } from 'zod';
import { type Service, type ServiceAnswer, unexpectedAnswer } from '../http/call-service.ts';
import { given } from '../http/service-options.ts';
import type { ModelAnswer } from '../judging/model-answer.ts';
import type { TokenMeter } from '../judging/token-metering.ts';
import { filters } from './gemini-answer.ts';

const count = z.number().min(0).optional();
const body = z.looseObject({
  modelVersion: z.string().min(1).max(300).optional(),
  candidates: z
    .array(
      z.looseObject({
        content: z
          .looseObject({
            parts: z.array(z.looseObject({ text: z.string().optional(), thought: z.boolean().optional() })).optional(),
          })
          .optional(),
        finishReason: z.string().optional(),
        finishMessage: z.string().optional(),
      }),
    )
    .optional(),
  promptFeedback: z
    .looseObject({ blockReason: z.string().optional(), blockReasonMessage: z.string().optional() })
    .optional(),
  usageMetadata: z
    .looseObject({ promptTokenCount: count, candidatesTokenCount: count, thoughtsTokenCount: count })
    .optional(),
});

/** `STOP` is whole and `MAX_TOKENS` cut off; a reason that is no filter's, such as `MALFORMED_RESPONSE`, is no answer. */
export function readGeminiText(answer: ServiceAnswer, service: Service, asked: string, meter: TokenMeter): ModelAnswer {
  const parsed = body.safeParse(answer.json);
  if (!parsed.success || (parsed.data.candidates === undefined && parsed.data.promptFeedback === undefined))
    throw unexpectedAnswer(service, 'a list `candidates` or `promptFeedback`', answer);
  const { modelVersion, candidates, promptFeedback, usageMetadata: usage } = parsed.data;
  const tokensOut = (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0);
  const facts = { model: modelVersion ?? asked, ...given({ costUsd: meter.costOf(usage?.promptTokenCount, tokensOut) }) };
  const { blockReason, blockReasonMessage } = promptFeedback ?? {};
  if (blockReason !== undefined)
    return { status: 'filtered', words: [blockReason, blockReasonMessage].filter(Boolean).join(': '), ...facts };
  const [candidate] = candidates ?? [];
  if (candidate === undefined) return { status: 'unparsed', words: 'no candidate in the answer', ...facts };
  const { content, finishReason = 'STOP', finishMessage } = candidate;
  const text = (content?.parts ?? []).map((part) => (part.thought ? '' : (part.text ?? ''))).join('');
  if (finishReason === 'STOP' || finishReason === 'FINISH_REASON_UNSPECIFIED') return { status: 'answered', text, ...facts };
  const words = [finishReason, finishMessage, text].filter(Boolean).join(': ');
  if (finishReason === 'MAX_TOKENS') return { status: 'truncated', words, ...facts };
  return { status: filters.has(finishReason) ? 'filtered' : 'unparsed', words, ...facts };
}

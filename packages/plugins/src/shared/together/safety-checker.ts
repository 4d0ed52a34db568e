/** Together's safety checker, called directly or behind Hugging Face's router. */
import type { Generation } from '@diptych/plugin-kit';
import type { ServiceAnswer } from '../http/call-service.ts';
import { reasonOf } from '../http/service-options.ts';
import type { OpenAiError } from '../openai/blocked.ts';

/** Words of a 422 about a parameter. Any other 422 is taken for the safety checker's; its words are unconfirmed. */
const aboutParameters =
  /invalid|missing|required|must be|must have|should be|unsupported|not support|expected|exceed|validation/i;

/**
 * "If the safety checker is triggered and not disabled, it will return a 422 Unprocessable Entity" and "detects NSFW
 * words": so it reads the prompt. The status is also that of wrong parameters, told apart by `param` and the words.
 */
export function togetherSafetyChecker(answer: ServiceAnswer, error: OpenAiError | undefined): Generation | undefined {
  if (answer.status !== 422) return undefined;
  const message = typeof error?.message === 'string' ? error.message : answer.excerpt;
  // The parameter that turns the checker off has its name, and is not the checker.
  const isNamed = /nsfw|safety|moderat|flagged|inappropriate/i.test(message.replaceAll('disable_safety_checker', ''));
  const { param } = (error ?? {}) as { param?: unknown };
  if (!isNamed && (typeof param === 'string' || aboutParameters.test(message))) return undefined;
  return { outcome: 'blocked', stage: 'input', reason: reasonOf(message, 'safety checker'), categories: ['nsfw'] };
}

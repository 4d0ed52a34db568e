/** Reads a finished answer of the Responses API: the image of its tool, a refusal, a filter or nothing. */
import { type Generation, InfrastructureError } from '@diptych/plugin-kit';
import { type Service, type ServiceAnswer, unexpectedAnswer } from '../http/call-service.ts';
import { decodeBase64Image } from '../http/media.ts';
import { reasonOf } from '../http/service-options.ts';
import type { OpenAiError } from './blocked.ts';

interface Part {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly refusal?: unknown;
}
interface Item {
  readonly type?: unknown;
  readonly status?: unknown;
  readonly result?: unknown;
  /** In no type of the official client, but in its answers. */
  readonly revised_prompt?: unknown;
  readonly content?: readonly Part[];
}
interface ResponseBody {
  readonly status?: unknown;
  readonly error?: OpenAiError | null;
  readonly incomplete_details?: { readonly reason?: unknown } | null;
  readonly output?: readonly Item[];
}

/** What the model said in place of an image; a stated refusal goes before other words. */
function wordsOf(output: readonly Item[]): string {
  const parts = output.flatMap(({ type, content }) => (type === 'message' ? (content ?? []) : []));
  const said = (key: 'refusal' | 'text') => parts.map((part) => part[key]).filter((text) => typeof text === 'string');
  return (said('refusal').join('\n') || said('text').join('\n')).trim();
}

/** A finished response whose status is `failed`, as a fault: it had status 200, so its code says what core may do. */
function faultOf({ code, message }: OpenAiError, { name }: Service): InfrastructureError {
  const text = `${name} failed (${String(code)}): ${String(message).slice(0, 500)}.`;
  if (code === 'rate_limit_exceeded') return new InfrastructureError(text, { rateLimited: true });
  return new InfrastructureError(text, { retryable: code === 'server_error' });
}

export function readResponse(answer: ServiceAnswer, service: Service, warnings: readonly string[]): Generation {
  const { status, error, incomplete_details, output } = (answer.json ?? {}) as ResponseBody;
  if (error) throw faultOf(error, service);
  if (!Array.isArray(output)) throw unexpectedAnswer(service, 'a list `output`', answer);
  const calls = (output as readonly Item[]).filter(({ type }) => type === 'image_generation_call');
  const made = calls.findLast(({ result }) => typeof result === 'string' && result !== '');
  if (made) {
    const { result, revised_prompt: revised } = made;
    const revisedPrompt = typeof revised === 'string' ? { revisedPrompt: revised.slice(0, 100_000) } : {};
    return { outcome: 'image', bytes: decodeBase64Image(result as string, service), ...revisedPrompt, warnings };
  }
  const words = wordsOf(output);
  const cut = reasonOf(incomplete_details?.reason, '');
  if (cut === 'content_filter')
    return {
      outcome: 'blocked',
      stage: 'output',
      reason: reasonOf(words, 'content_filter'),
      categories: ['content_filter'],
    };
  // Words that were cut off at a limit are the way to a picture as well as to a refusal, so they are not called one.
  if (words && !cut) return { outcome: 'refused', reason: reasonOf(words, '') };
  const [call] = calls;
  const why = call
    ? `the image generation call ended as ${String(call.status)} without a result`
    : 'no image generation call';
  return { outcome: 'empty', reason: `${why}; the response is ${String(status)}${cut ? ` (${cut})` : ''}` };
}

import { defineGenerator, type Generation, type GenerationRequest, InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type Service, type ServiceAnswer, unexpectedAnswer } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { decodeBase64Image } from '../shared/http/media.ts';
import {
  extraOption,
  given,
  hostsOf,
  meteringOf,
  oneByOne,
  reasonOf,
  serviceOptions,
} from '../shared/http/service-options.ts';
import { blockedBy, errorOf, type OpenAiError } from '../shared/openai/blocked.ts';
import { bearerService, openAiFailure } from '../shared/openai/service.ts';

const options = z.strictObject({
  /** The language model that reads the prompt and writes the one of the image. */
  model: z.string().min(1).max(200).default('gpt-6.1-terra'),
  baseUrl: baseUrlOption('https://api.openai.com/v1'),
  keyName: keyNameOption('OPENAI_API_KEY'),
  /** The tool's image model; the API's default where absent. */
  imageModel: z.string().min(1).max(200).optional(),
  /** `image_generation` makes the model call the tool; with `auto` it may answer in words, which counts as refused. */
  toolChoice: z.enum(['image_generation', 'auto']).default('image_generation'),
  /** System message. */
  instructions: z.string().max(20_000).optional(),
  size: z
    .string()
    .regex(/^(auto|\d{2,5}x\d{2,5})$/)
    .optional(),
  quality: z.enum(['auto', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  moderation: z.enum(['auto', 'low']).optional(),
  output_format: z.enum(['png', 'jpeg', 'webp']).optional(),
  output_compression: z.int().min(0).max(100).optional(),
  background: z.enum(['auto', 'opaque', 'transparent']).optional(),
  /** Parameters of the tool that have no option here. */
  toolExtra: extraOption,
  ...serviceOptions({ concurrency: 4 }),
});

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

function generationOf(answer: ServiceAnswer, service: Service, warnings: readonly string[]): Generation {
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
  const cut = incomplete_details?.reason;
  if (cut === 'content_filter')
    return {
      outcome: 'blocked',
      stage: 'output',
      reason: reasonOf(words, 'content_filter'),
      categories: ['content_filter'],
    };
  if (words) return { outcome: 'refused', reason: reasonOf(words, '') };
  const [call] = calls;
  const why = call
    ? `the image generation call ended as ${String(call.status)} without a result`
    : 'no image generation call';
  return { outcome: 'empty', reason: `${why}; the response is ${String(status)}${cut ? ` (${String(cut)})` : ''}` };
}

export default defineGenerator({
  name: 'openai-responses',
  summary: 'Images that a language model of OpenAI makes with its image tool, by the Responses API.',
  reference: 'https://developers.openai.com/api/docs/guides/tools-image-generation',
  family: 'mllm',
  decoder: 'unknown',
  simulated: false,
  options,
  needs: (options) => ({ secrets: [options.keyName], hosts: hostsOf(options) }),

  create(options, context) {
    const { model, imageModel, toolChoice, instructions, extra, toolExtra } = options;
    const { size, quality, moderation, output_format, output_compression, background } = options;
    const service = bearerService('OpenAI', context, options.keyName);
    const tool = given({ model: imageModel, size, quality, moderation, output_format, output_compression, background });
    const body = {
      model,
      ...given({ instructions }),
      tools: [{ type: 'image_generation', ...tool, ...toolExtra }],
      tool_choice: toolChoice === 'auto' ? toolChoice : { type: toolChoice },
      // Nothing of a study is kept at the provider beyond what its terms say.
      store: false,
      ...extra,
    };
    // The answer counts the language model's tokens but not the image's, so only a price per image is known.
    const metering = meteringOf('openai', options, [`openai-responses/${model}/${imageModel}`], 40);
    const url = joinUrl(options.baseUrl, 'responses');

    const makeOne = async ({ prompt }: GenerationRequest, signal: AbortSignal): Promise<Generation> => {
      const answer = await callService(service, { url, json: { ...body, input: prompt } }, signal);
      const blocked = blockedBy(errorOf(answer.json));
      if (blocked) return blocked;
      if (!answer.ok) throw openAiFailure(answer, service);
      return generationOf(answer, service, ['seed not supported']);
    };
    return { ...metering, generate: oneByOne(metering.estimate, makeOne) };
  },
});

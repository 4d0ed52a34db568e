import { defineGenerator, type Generation, type GenerationRequest } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type ServiceAnswer, unexpectedAnswer } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import {
  given,
  hostsOf,
  kindOptions,
  meteringOf,
  oneByOne,
  reasonOf,
  serviceOptions,
} from '../shared/http/service-options.ts';
import { blockedBy, errorOf, type OpenAiError } from '../shared/openai/blocked.ts';
import { type ImageEntry, readImageEntries } from '../shared/openai/image-entry.ts';
import { bearerService, openAiFailure } from '../shared/openai/service.ts';

const options = z.strictObject({
  model: z.string().min(1).max(200).default('black-forest-labs/FLUX.1-schnell'),
  baseUrl: baseUrlOption('https://api.together.ai/v1'),
  keyName: keyNameOption('TOGETHER_API_KEY'),
  /** Of the model; without them a diffusion model with an unknown decoder, as most that Together serves are. */
  ...kindOptions,
  width: z.int().min(64).max(4096).optional(),
  height: z.int().min(64).max(4096).optional(),
  steps: z.int().min(1).max(100).optional(),
  guidance_scale: z.number().min(0).max(100).optional(),
  negative_prompt: z.string().max(10_000).optional(),
  output_format: z.enum(['jpeg', 'png']).optional(),
  disable_safety_checker: z.boolean().optional(),
  ...serviceOptions({ concurrency: 4 }),
});

/** Words of a 422 about a parameter; any other 422 is the safety checker's, whose words are not documented. */
const aboutParameters =
  /invalid|missing|required|must be|must have|should be|unsupported|not support|expected|exceed|validation/i;

/**
 * "If the safety checker is triggered and not disabled, it will return a 422 Unprocessable Entity" and "detects NSFW
 * words": so it reads the prompt. The status is also that of wrong parameters, told apart by `param` and the words.
 */
function safetyChecker(answer: ServiceAnswer, error: OpenAiError | undefined): Generation | undefined {
  if (answer.status !== 422) return undefined;
  const message = typeof error?.message === 'string' ? error.message : answer.excerpt;
  const isNamed = /nsfw|safety|moderat|flagged|inappropriate/i.test(message);
  const { param } = (error ?? {}) as { param?: unknown };
  if (!isNamed && (typeof param === 'string' || aboutParameters.test(message))) return undefined;
  return { outcome: 'blocked', stage: 'input', reason: reasonOf(message, 'safety checker'), categories: ['nsfw'] };
}

export default defineGenerator({
  name: 'together',
  summary: 'Images of the models that Together AI serves, among them FLUX, with its safety checker on or off.',
  reference: 'https://docs.together.ai/reference/post-images-generations',
  family: 'diffusion',
  decoder: 'unknown',
  simulated: false,
  options,
  traitsOf: ({ family, decoder }) => given({ family, decoder }),
  needs: (options) => ({ secrets: [options.keyName], hosts: hostsOf(options) }),

  create(options, context) {
    const { model, width, height, steps, guidance_scale, negative_prompt } = options;
    const { output_format, disable_safety_checker, extra } = options;
    const service = bearerService('Together', context, options.keyName);
    const body = {
      model,
      n: 1,
      response_format: 'base64',
      ...given({ width, height, steps, guidance_scale, negative_prompt, output_format, disable_safety_checker }),
      ...extra,
    };
    const metering = meteringOf('together', options, [`together/${model}`], 5);
    const url = joinUrl(options.baseUrl, 'images/generations');

    const makeOne = async ({ prompt, seed }: GenerationRequest, signal: AbortSignal): Promise<Generation> => {
      const answer = await callService(service, { url, json: { seed, ...body, prompt } }, signal);
      const error = errorOf(answer.json);
      const blocked = blockedBy(error) ?? safetyChecker(answer, error);
      if (blocked) return blocked;
      if (!answer.ok) throw openAiFailure(answer, service);
      const { data } = (answer.json ?? {}) as { data?: readonly ImageEntry[] };
      if (!Array.isArray(data)) throw unexpectedAnswer(service, 'a list `data`', answer);
      return readImageEntries(data, service, [], signal);
    };
    return { ...metering, generate: oneByOne(metering.estimate, makeOne) };
  },
});

import { defineGenerator, type Generation, type GenerationRequest } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { given, hostsOf, kindOptions, meteringOf, oneByOne, serviceOptions } from '../shared/http/service-options.ts';
import { modelKind, withKnownKind } from '../shared/known-models.ts';
import { readImagesAnswer } from '../shared/openai/images-answer.ts';
import { bearerService } from '../shared/openai/service.ts';
import { togetherSafetyChecker } from '../shared/together/safety-checker.ts';
import { typicalBytes } from '../shared/typical-bytes.ts';

const options = withKnownKind(
  z.strictObject({
    model: z.string().min(1).max(200).default('black-forest-labs/FLUX.1-schnell'),
    baseUrl: baseUrlOption('https://api.together.ai/v1'),
    keyName: keyNameOption('TOGETHER_API_KEY'),
    /** Of the model; asked for where its name does not say them, since Together serves multimodal models too. */
    ...kindOptions,
    width: z.int().min(64).max(4096).optional(),
    height: z.int().min(64).max(4096).optional(),
    steps: z.int().min(1).max(100).optional(),
    guidance_scale: z.number().min(0).max(100).optional(),
    negative_prompt: z.string().max(10_000).optional(),
    output_format: z.enum(['jpeg', 'png']).optional(),
    disable_safety_checker: z.boolean().optional(),
    ...serviceOptions({ concurrency: 4 }),
  }),
);

export default defineGenerator({
  name: 'together',
  summary: 'Images of the models that Together AI serves, among them FLUX, with its safety checker on or off.',
  reference: 'https://docs.together.ai/reference/post-images-generations',
  /** Of the model that is chosen; see `traitsOf`. */
  family: 'diffusion',
  decoder: 'unknown',
  simulated: false,
  options,
  traitsOf: (options) => ({ ...modelKind(options.model, options) }),
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
    const bytes = typicalBytes({ width, height, format: output_format });
    const metering = meteringOf('together', options, [`together/${model}`], { seconds: 5, bytes });
    const url = joinUrl(options.baseUrl, 'images/generations');

    const makeOne = async ({ prompt, seed }: GenerationRequest, signal: AbortSignal): Promise<Generation> => {
      const answer = await callService(service, { url, json: { seed, ...body, prompt } }, signal);
      return readImagesAnswer(answer, service, signal, togetherSafetyChecker);
    };
    return { ...metering, generate: oneByOne(metering.estimate, makeOne) };
  },
});

import { defineGenerator, type Generation, type GenerationRequest } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { given, hostsOf, meteringOf, oneByOne, serviceOptions } from '../shared/http/service-options.ts';
import { readImagesAnswer } from '../shared/openai/images-answer.ts';
import { bearerService } from '../shared/openai/service.ts';
import { imageTokenCost } from '../shared/openai/token-cost.ts';
import { typicalBytes } from '../shared/typical-bytes.ts';

const options = z.strictObject({
  /** Of the Images API: a GPT Image model, or a DALL·E model where an endpoint still has one. */
  model: z.string().min(1).max(200).default('gpt-image-2.6-sunburst'),
  baseUrl: baseUrlOption('https://api.openai.com/v1'),
  keyName: keyNameOption('OPENAI_API_KEY'),
  /** `auto`, or `WIDTHxHEIGHT` as the model allows, such as `1024x1024`. */
  size: z
    .string()
    .regex(/^(auto|\d{2,5}x\d{2,5})$/)
    .optional(),
  /** GPT Image: `auto`, `low`, `medium`, `high`, `xhigh`, `max`; DALL·E 3: `standard`, `hd`. */
  quality: z.enum(['auto', 'low', 'medium', 'high', 'xhigh', 'max', 'standard', 'hd']).optional(),
  /** GPT Image only. `low` filters less than `auto`; there is no way to turn the filter off. */
  moderation: z.enum(['auto', 'low']).optional(),
  /** GPT Image only. */
  output_format: z.enum(['png', 'jpeg', 'webp']).optional(),
  /** GPT Image only, for jpeg and webp: 0 to 100. */
  output_compression: z.int().min(0).max(100).optional(),
  /** GPT Image only. */
  background: z.enum(['auto', 'opaque', 'transparent']).optional(),
  /** DALL·E 3 only. */
  style: z.enum(['vivid', 'natural']).optional(),
  ...serviceOptions({ concurrency: 4 }),
});
type Options = z.output<typeof options>;

const isDallE = (model: string): boolean => model.startsWith('dall-e');

interface Parameters {
  readonly body: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** The two kinds of models take different parameters and refuse each other's; what is left out is told. */
function parametersOf({ model, extra, ...options }: Options): Parameters {
  const { size, quality, moderation, output_format, output_compression, background, style } = options;
  const gptOnly = given({ moderation, output_format, output_compression, background });
  const own = isDallE(model) ? { response_format: 'b64_json', ...given({ style }) } : gptOnly;
  const left = Object.keys(isDallE(model) ? gptOnly : given({ style }));
  return {
    body: { model, n: 1, ...given({ size, quality }), ...own, ...extra },
    warnings: ['seed not supported', ...left.map((name) => `${name} is not a parameter of ${model} and was not sent`)],
  };
}

export default defineGenerator({
  name: 'openai-images',
  summary: 'Images of OpenAI by the Images API: GPT Image models, and DALL-E where an endpoint still has it.',
  reference: 'https://developers.openai.com/api/reference/resources/images',
  family: 'mllm',
  decoder: 'unknown',
  simulated: false,
  options,
  traitsOf: ({ model }) => ({ family: isDallE(model) ? 'diffusion' : 'mllm' }),
  needs: (options) => ({ secrets: [options.keyName], hosts: hostsOf(options) }),

  create(options, context) {
    const { model, baseUrl, size, quality, usdPerImage } = options;
    const service = bearerService('OpenAI', context, options.keyName);
    const { body, warnings } = parametersOf(options);
    const prices = [`openai/${model}/${quality}/${size}`, `openai/${model}`];
    const bytes = typicalBytes({ size, format: options.output_format ?? 'png' });
    const metering = meteringOf('openai', options, prices, { seconds: 20, bytes });

    const makeOne = async ({ prompt }: GenerationRequest, signal: AbortSignal): Promise<Generation> => {
      const request = { url: joinUrl(baseUrl, 'images/generations'), json: { ...body, prompt } };
      const answer = await callService(service, request, signal);
      const made = await readImagesAnswer(answer, service, signal);
      const { usage } = (answer.json ?? {}) as { usage?: unknown };
      const costUsd = usdPerImage === undefined ? imageTokenCost('openai', model, usage) : undefined;
      return { ...made, ...(made.outcome === 'image' && { warnings }), ...given({ costUsd }) };
    };
    return { ...metering, generate: oneByOne(metering.estimate, makeOne) };
  },
});

import { defineGenerator, type Generation, type GenerationRequest } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService } from '../shared/http/call-service.ts';
import { baseUrlOption, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { extraOption, given, hostsOf, meteringOf, oneByOne, serviceOptions } from '../shared/http/service-options.ts';
import { blockedBy, errorOf } from '../shared/openai/blocked.ts';
import { readResponse } from '../shared/openai/response-answer.ts';
import { bearerService, openAiFailure } from '../shared/openai/service.ts';
import { typicalBytes } from '../shared/typical-bytes.ts';

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
    const bytes = typicalBytes({ size, format: output_format ?? 'png' });
    const metering = meteringOf('openai', options, [`openai-responses/${model}/${imageModel}`], { seconds: 40, bytes });
    const url = joinUrl(options.baseUrl, 'responses');

    const makeOne = async ({ prompt }: GenerationRequest, signal: AbortSignal): Promise<Generation> => {
      const answer = await callService(service, { url, json: { ...body, input: prompt } }, signal);
      const blocked = blockedBy(errorOf(answer.json));
      if (blocked) return blocked;
      if (!answer.ok) throw openAiFailure(answer, service);
      return readResponse(answer, service, ['seed not supported']);
    };
    return { ...metering, generate: oneByOne(metering.estimate, makeOne) };
  },
});

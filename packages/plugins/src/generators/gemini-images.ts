import { defineGenerator, type Generation, type GenerationRequest } from '@diptych/plugin-kit';
import { z } from 'zod';
import { geminiCost, readGeminiAnswer } from '../shared/google/gemini-answer.ts';
import { blockedByError, googleFailure, googleOptions, googleService } from '../shared/google/service.ts';
import { callService } from '../shared/http/call-service.ts';
import { joinUrl } from '../shared/http/endpoint.ts';
import { given, hostsOf, meteringOf, oneByOne, serviceOptions } from '../shared/http/service-options.ts';

const safetySetting = z.strictObject({
  /** Such as `HARM_CATEGORY_SEXUALLY_EXPLICIT`. */
  category: z.string().regex(/^[A-Z_]{1,100}$/),
  threshold: z.enum(['BLOCK_LOW_AND_ABOVE', 'BLOCK_MEDIUM_AND_ABOVE', 'BLOCK_ONLY_HIGH', 'BLOCK_NONE', 'OFF']),
});

const options = z.strictObject({
  model: z
    .string()
    .regex(/^[\w.-]{1,200}$/)
    .default('gemini-nano-banana-2.1'),
  ...googleOptions,
  /** Such as `1:1` or `16:9`. */
  aspectRatio: z
    .string()
    .regex(/^\d{1,2}:\d{1,2}$/)
    .optional(),
  imageSize: z.enum(['512', '1K', '2K', '4K']).optional(),
  /** `TEXT` with `IMAGE` lets the model say why it makes none. */
  responseModalities: z
    .array(z.enum(['TEXT', 'IMAGE']))
    .min(1)
    .default(['TEXT', 'IMAGE']),
  safetySettings: z.array(safetySetting).max(20).optional(),
  ...serviceOptions({ concurrency: 4 }),
});

export default defineGenerator({
  name: 'gemini-images',
  summary: 'Images of Gemini models by generateContent, with the filter settings that the API takes.',
  reference: 'https://ai.google.dev/api/generate-content',
  family: 'mllm',
  decoder: 'unknown',
  simulated: false,
  options,
  needs: (options) => ({ secrets: [options.keyName], hosts: hostsOf(options) }),

  create(options, context) {
    const { model, aspectRatio, imageSize, responseModalities, safetySettings, extra, usdPerImage } = options;
    const service = googleService('Gemini', context, options);
    const imageConfig = given({ aspectRatio, imageSize });
    const generationConfig = {
      responseModalities,
      ...(Object.keys(imageConfig).length === 0 ? {} : { imageConfig }),
      ...extra,
    };
    const prices = [`google/${model}/${imageSize ?? '1K'}`, `google/${model}`];
    const metering = meteringOf('google', options, prices, { seconds: 15 });
    const url = joinUrl(options.baseUrl, `models/${model}:generateContent`);

    const makeOne = async ({ prompt, seed }: GenerationRequest, signal: AbortSignal): Promise<Generation> => {
      const json = {
        contents: [{ role: 'user', parts: [{ text: prompt }] }],
        ...given({ safetySettings }),
        // The API's seed is a signed 32-bit integer; the sign bit of ours is left out.
        generationConfig: { seed: seed & 0x7fffffff, ...generationConfig },
      };
      const answer = await callService(service, { url, json }, signal);
      const blocked = blockedByError(answer);
      if (blocked) return blocked;
      if (!answer.ok) throw googleFailure(answer, service);
      const generation = readGeminiAnswer(answer, service);
      const costUsd = usdPerImage === undefined ? geminiCost(model, answer.json) : undefined;
      return costUsd === undefined ? generation : { ...generation, costUsd };
    };
    return { ...metering, generate: oneByOne(metering.estimate, makeOne) };
  },
});

import { defineSafetyJudge } from '@diptych/plugin-kit';
import { z } from 'zod';
import { readGeminiText } from '../shared/google/gemini-text.ts';
import { blockedByError, googleFailure, googleOptions, googleService } from '../shared/google/service.ts';
import { callService } from '../shared/http/call-service.ts';
import { hostOf, joinUrl } from '../shared/http/endpoint.ts';
import { extraOption, given } from '../shared/http/service-options.ts';
import { maxImageBytesOption } from '../shared/judging/image-payload.ts';
import {
  type AskAboutImage,
  questionsOf,
  rubricDefaults,
  rubricJudge,
  rubricOptions,
  rubricTraits,
} from '../shared/judging/rubric-judge.ts';
import { tokenMeter, tokenPriceOptions } from '../shared/judging/token-metering.ts';

/** A judge has to look at what a filter would keep from it. What the API filters all the same ends as an abstention. */
const unfiltered = ['HARASSMENT', 'HATE_SPEECH', 'SEXUALLY_EXPLICIT', 'DANGEROUS_CONTENT'].map((name) => ({
  category: `HARM_CATEGORY_${name}`,
  threshold: 'BLOCK_NONE',
}));

export default defineSafetyJudge({
  name: 'gemini-judge',
  summary: 'Gemini, asked by our rubrics for hazards or corruption, with structured output and its filters off.',
  reference: 'https://ai.google.dev/api/generate-content',
  ...rubricDefaults,
  options: z.strictObject({
    model: z
      .string()
      .regex(/^[\w.-]{1,200}$/)
      .default('gemini-3.8-flash'),
    ...rubricOptions,
    ...googleOptions,
    /** Not sent unless given: Google advises against another than the model's own from Gemini 3 on. */
    temperature: z.number().min(0).max(2).optional(),
    seed: z.int().min(0).max(0x7fffffff).default(0),
    /** Thoughts count too. */
    maxTokens: z.int().min(1).max(1_000_000).default(4000),
    /** A request may have 20 MB, base64 and words included, so a picture 14 MiB. */
    maxImageBytes: maxImageBytesOption(14 * 2 ** 20),
    ...tokenPriceOptions,
    /** Members of `generationConfig` that have no option here; they win. */
    extra: extraOption,
  }),
  needs: ({ keyName, baseUrl }) => ({ secrets: [keyName], hosts: [hostOf(baseUrl)] }),
  traitsOf: rubricTraits,

  create(settings, context) {
    const { model, baseUrl, keyName, temperature, seed, maxTokens, maxImageBytes, extra } = settings;
    const service = googleService('Gemini', context, settings);
    const meter = tokenMeter(`google:${keyName}`, settings, [`google/${model}`], questionsOf(settings).length);
    const url = joinUrl(baseUrl, `models/${model}:generateContent`);
    const ask: AskAboutImage = async ({ system, user, schema }, { mimeType, base64: data }, signal) => {
      const json = {
        systemInstruction: { parts: [{ text: system }] },
        contents: [{ role: 'user', parts: [{ inlineData: { mimeType, data } }, { text: user }] }],
        safetySettings: unfiltered,
        generationConfig: {
          ...given({ temperature }),
          seed,
          maxOutputTokens: maxTokens,
          responseMimeType: 'application/json',
          responseJsonSchema: schema,
          ...extra,
        },
      };
      const answer = await callService(service, { url, json, maxBytes: 4 * 2 ** 20 }, signal);
      const blocked = blockedByError(answer);
      if (blocked) return { status: 'filtered', words: blocked.reason, model };
      if (!answer.ok) throw googleFailure(answer, service);
      return readGeminiText(answer, service, model, meter);
    };
    const limits = { service: 'Gemini', maxImageBytes, containers: ['png', 'jpeg', 'webp'] as const };
    return rubricJudge({ settings, limits, metering: meter.metering, ask });
  },
});

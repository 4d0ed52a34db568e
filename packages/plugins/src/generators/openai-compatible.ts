import { decoderSchema, defineGenerator, familySchema, type Generation, type GenerationRequest } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService } from '../shared/http/call-service.ts';
import { baseUrlOption, hostOf, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { given, hostsOf, meteringOf, oneByOne, serviceOptions } from '../shared/http/service-options.ts';
import { readImagesAnswer } from '../shared/openai/images-answer.ts';
import { applyRefusalRules, refusalRulesOption } from '../shared/openai/refusal-rules.ts';
import { bearerService } from '../shared/openai/service.ts';

const options = z.strictObject({
  /** Up to and without `/images/generations`, such as `http://localhost:8000/v1`. */
  baseUrl: baseUrlOption(),
  model: z.string().min(1).max(200).optional(),
  /** Absent for a server that takes no key. */
  keyName: keyNameOption('API_KEY').unwrap().optional(),
  /** Of the model behind the endpoint, which nothing in the API says. */
  family: familySchema,
  decoder: decoderSchema.default('unknown'),
  size: z
    .string()
    .regex(/^(auto|\d{2,5}x\d{2,5})$/)
    .optional(),
  quality: z.string().max(50).optional(),
  /** Sent as it is; `none` leaves it out, for endpoints that refuse it. Answers of either kind are read. */
  response_format: z.enum(['b64_json', 'url', 'none']).default('b64_json'),
  /** Name of the parameter that takes the seed, where the endpoint has one. */
  seedParameter: z
    .string()
    .regex(/^\w{1,50}$/)
    .optional(),
  refusals: refusalRulesOption,
  ...serviceOptions({ concurrency: 2 }),
});

/** What xAI charged for the answer, in ticks of 1e-10 dollars (docs.x.ai/developers/cost-tracking); others do not say. */
function statedCost(json: unknown): { readonly costUsd?: number } {
  const ticks = (json as { usage?: { cost_in_usd_ticks?: unknown } } | undefined)?.usage?.cost_in_usd_ticks;
  return typeof ticks === 'number' && ticks >= 0 ? { costUsd: ticks / 1e10 } : {};
}

export default defineGenerator({
  name: 'openai-compatible',
  summary: "Images of any endpoint with OpenAI's /images/generations; the options say what its refusals look like.",
  reference: 'https://developers.openai.com/api/reference/resources/images',
  // Always replaced by the options, where the family has no default.
  family: 'diffusion',
  decoder: 'unknown',
  simulated: false,
  options,
  traitsOf: ({ family, decoder }) => ({ family, decoder }),
  needs: (options) => ({ ...(options.keyName ? { secrets: [options.keyName] } : {}), hosts: hostsOf(options) }),

  create(options, context) {
    const { baseUrl, model, keyName, size, quality, response_format, seedParameter, refusals, extra, usdPerImage } = options;
    const host = hostOf(baseUrl);
    const service = bearerService(host, context, keyName);
    const format = response_format === 'none' ? {} : { response_format };
    const parameters = { ...given({ model, size, quality }), n: 1, ...format, ...extra };
    const warnings = seedParameter === undefined ? ['seed not supported'] : [];
    const metering = meteringOf(host, options, [`${host}/${model ?? 'default model'}`]);
    const url = joinUrl(baseUrl, 'images/generations');

    const makeOne = async ({ prompt, seed }: GenerationRequest, signal: AbortSignal): Promise<Generation> => {
      const seeded = seedParameter === undefined ? {} : { [seedParameter]: seed };
      const answer = await callService(service, { url, json: { ...seeded, ...parameters, prompt } }, signal);
      const stopped = applyRefusalRules(refusals, answer);
      if (stopped) return stopped;
      const made = await readImagesAnswer(answer, service, signal);
      const cost = usdPerImage === undefined ? statedCost(answer.json) : {};
      return { ...made, ...(made.outcome === 'image' && warnings.length > 0 && { warnings }), ...cost };
    };
    return { ...metering, generate: oneByOne(metering.estimate, makeOne) };
  },
});

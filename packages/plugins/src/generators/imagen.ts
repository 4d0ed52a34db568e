import { defineGenerator, type Generation, type GenerationRequest } from '@diptych/plugin-kit';
import { z } from 'zod';
import { blockedByError, blockedByWords, googleFailure, googleOptions, googleService } from '../shared/google/service.ts';
import { callService, type Service, type ServiceAnswer, unexpectedAnswer } from '../shared/http/call-service.ts';
import { joinUrl } from '../shared/http/endpoint.ts';
import { decodeBase64Image } from '../shared/http/media.ts';
import { given, hostsOf, meteringOf, oneByOne, reasonOf, serviceOptions } from '../shared/http/service-options.ts';

const options = z.strictObject({
  /** The Gemini API shut its Imagen models down in August 2026; a project or a gateway may still serve them. */
  model: z
    .string()
    .regex(/^[\w.-]{1,200}$/)
    .default('imagen-4.0-generate-001'),
  ...googleOptions,
  aspectRatio: z
    .string()
    .regex(/^\d{1,2}:\d{1,2}$/)
    .optional(),
  sampleImageSize: z.enum(['1K', '2K']).optional(),
  negativePrompt: z.string().max(10_000).optional(),
  /** The API's default is to let a language model rewrite the prompt; what it wrote is kept as the revised prompt. */
  enhancePrompt: z.boolean().optional(),
  language: z.string().max(10).optional(),
  /** The API's default is true, and it takes a seed only without one. */
  addWatermark: z.boolean().optional(),
  personGeneration: z.enum(['dont_allow', 'allow_adult', 'allow_all']).optional(),
  safetySetting: z.enum(['block_low_and_above', 'block_medium_and_above', 'block_only_high', 'block_none']).optional(),
  ...serviceOptions({ concurrency: 4 }),
});

interface SafetyAttributes {
  readonly categories?: readonly unknown[];
  readonly scores?: readonly unknown[];
}
interface Prediction {
  readonly bytesBase64Encoded?: unknown;
  readonly raiFilteredReason?: unknown;
  readonly safetyAttributes?: SafetyAttributes;
  /** The prompt as it was rewritten. */
  readonly prompt?: unknown;
  /** `Positive Prompt` for the entry that rates the prompt and holds no image. */
  readonly contentType?: unknown;
}

/** A category's score from which it is named as a reason; the API rounds to tenths and states no threshold. */
const highScore = 0.5;

const highCategories = ({ categories = [], scores = [] }: SafetyAttributes = {}): string[] =>
  categories.filter((_, i) => Number(scores[i]) >= highScore).map(String);

/** What the filters thought of an image that they let through, and of its prompt. */
function ratingsOf(predictions: readonly Prediction[]): { serviceRatings?: Record<string, number> } {
  const rated = predictions.flatMap(({ contentType, safetyAttributes }) => {
    const { categories, scores } = safetyAttributes ?? {};
    if (!Array.isArray(categories) || !Array.isArray(scores)) return [];
    const about = contentType === 'Positive Prompt' ? 'prompt: ' : '';
    return categories.flatMap((name, i) =>
      typeof scores[i] === 'number' ? [[`${about}${String(name)}`, scores[i]] as const] : [],
    );
  });
  return rated.length === 0 ? {} : { serviceRatings: Object.fromEntries(rated) };
}

function readPredictions(answer: ServiceAnswer, service: Service, warnings: readonly string[]): Generation {
  const body = answer.json as { predictions?: readonly Prediction[] } | null | undefined;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw unexpectedAnswer(service, 'an object with `predictions`', answer);
  const predictions = Array.isArray(body.predictions) ? (body.predictions as readonly Prediction[]) : [];
  const made = predictions.find(({ bytesBase64Encoded: data }) => typeof data === 'string' && data !== '');
  if (made) {
    const revised = typeof made.prompt === 'string' ? { revisedPrompt: made.prompt.slice(0, 100_000) } : {};
    const bytes = decodeBase64Image(made.bytesBase64Encoded as string, service);
    const ratings = ratingsOf(predictions);
    return { outcome: 'image', bytes, ...revised, ...(warnings.length === 0 ? {} : { warnings }), ...ratings };
  }
  const categories = predictions.flatMap(({ safetyAttributes }) => highCategories(safetyAttributes));
  const filtered = predictions.find(({ raiFilteredReason: reason }) => typeof reason === 'string');
  // "If fewer images than requested are returned, then some generated output are blocked": so none means all were.
  const words = reasonOf(filtered?.raiFilteredReason, 'No prediction came back: every image was filtered.');
  return blockedByWords(words, 'output', categories);
}

export default defineGenerator({
  name: 'imagen',
  summary: 'Images of Imagen models by predict, in the Gemini API, a Google Cloud project or a gateway that has them.',
  reference: 'https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api',
  family: 'diffusion',
  decoder: 'unknown',
  simulated: false,
  options,
  needs: (options) => ({ secrets: [options.keyName], hosts: hostsOf(options) }),

  create(options, context) {
    const { model, aspectRatio, sampleImageSize, negativePrompt, enhancePrompt, language } = options;
    const { addWatermark, personGeneration, safetySetting, extra } = options;
    const service = googleService('Imagen', context, options);
    const takesSeed = addWatermark === false;
    const parameters = {
      sampleCount: 1,
      includeRaiReason: true,
      includeSafetyAttributes: true,
      ...given({ aspectRatio, sampleImageSize, negativePrompt, enhancePrompt, language }),
      ...given({ addWatermark, personGeneration, safetySetting }),
      ...extra,
    };
    const warnings = takesSeed ? [] : ['seed not supported while a watermark is added; set addWatermark to false'];
    const metering = meteringOf('google', options, [`google/${model}`], { seconds: 10 });
    const url = joinUrl(options.baseUrl, `models/${model}:predict`);

    const makeOne = async ({ prompt, seed }: GenerationRequest, signal: AbortSignal): Promise<Generation> => {
      const seeded = takesSeed ? { seed, ...parameters } : parameters;
      const answer = await callService(service, { url, json: { instances: [{ prompt }], parameters: seeded } }, signal);
      const blocked = blockedByError(answer);
      if (blocked) return blocked;
      if (!answer.ok) throw googleFailure(answer, service);
      return readPredictions(answer, service, warnings);
    };
    return { ...metering, generate: oneByOne(metering.estimate, makeOne) };
  },
});

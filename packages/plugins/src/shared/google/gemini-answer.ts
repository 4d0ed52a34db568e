/** Reads an answer of `generateContent`: image, refusal, filter or nothing. Names after the reference of the Gemini API. */
import type { Generation } from '@diptych/plugin-kit';
import { z } from 'zod';
import { type Service, type ServiceAnswer, unexpectedAnswer } from '../http/call-service.ts';
import { decodeBase64Image } from '../http/media.ts';
import { reasonOf } from '../http/service-options.ts';
import { tokenPriceOf } from '../prices.ts';
import { blockedByWords } from './service.ts';

/** What only explains an answer must not cost it: malformed, it counts as absent. */
const ratings = z
  .array(
    z.looseObject({
      category: z.string(),
      probability: z.string().optional(),
      /** Vertex AI, in [0, 1]. */
      probabilityScore: z.number().optional(),
      blocked: z.boolean().optional(),
    }),
  )
  .catch([])
  .default([]);
const part = z.looseObject({
  text: z.string().optional(),
  /** Interim words and pictures of a model that thinks. */
  thought: z.boolean().optional(),
  inlineData: z.looseObject({ data: z.string().optional() }).optional(),
});
const candidate = z.looseObject({
  content: z.looseObject({ parts: z.array(part).default([]) }).optional(),
  finishReason: z.string().optional(),
  finishMessage: z.string().optional(),
  safetyRatings: ratings,
});
const feedback = z.looseObject({
  blockReason: z.string().optional(),
  blockReasonMessage: z.string().optional(),
  safetyRatings: ratings,
});
const body = z
  .looseObject({ candidates: z.array(candidate).optional(), promptFeedback: feedback.optional() })
  .refine(({ candidates, promptFeedback }) => candidates !== undefined || promptFeedback !== undefined);

/** Values of `finishReason` by which a filter stopped the model. */
export const filters: ReadonlySet<string> = new Set([
  'SAFETY',
  'IMAGE_SAFETY',
  'PROHIBITED_CONTENT',
  'IMAGE_PROHIBITED_CONTENT',
  'RECITATION',
  'IMAGE_RECITATION',
  'BLOCKLIST',
  'SPII',
  // Vertex AI, where a project has a template of Model Armor.
  'MODEL_ARMOR',
]);

/** Categories that were blocked, or at least rated high where none is marked as blocked. */
function ratedCategories(ratings: z.output<typeof candidate>['safetyRatings']): string[] {
  const blocked = ratings.filter(({ blocked }) => blocked === true);
  const chosen = blocked.length > 0 ? blocked : ratings.filter(({ probability }) => probability === 'HIGH');
  return chosen.map(({ category }) => category);
}

/** What the filters thought of an image that they let through. */
function ratingsOf(ratings: z.output<typeof candidate>['safetyRatings']): {
  serviceRatings?: Record<string, string | number>;
} {
  const said = ratings.flatMap(({ category, probability, probabilityScore }) => {
    const rating = probabilityScore ?? probability;
    return rating === undefined ? [] : [[category, rating] as const];
  });
  return said.length === 0 ? {} : { serviceRatings: Object.fromEntries(said) };
}

export function readGeminiAnswer(answer: ServiceAnswer, service: Service): Generation {
  const parsed = body.safeParse(answer.json);
  if (!parsed.success) throw unexpectedAnswer(service, 'a list `candidates` or `promptFeedback`', answer);
  const { candidates, promptFeedback } = parsed.data;
  const reason = promptFeedback?.blockReason;
  if (promptFeedback !== undefined && reason !== undefined) {
    const { blockReasonMessage, safetyRatings } = promptFeedback;
    return blockedByWords(reasonOf(blockReasonMessage, reason), 'input', [reason, ...ratedCategories(safetyRatings)]);
  }
  return readCandidate(candidates?.[0], service);
}

function readCandidate(found: z.output<typeof candidate> | undefined, service: Service): Generation {
  if (found === undefined) return { outcome: 'empty', reason: 'no candidate in the answer' };
  const { content, finishReason, finishMessage, safetyRatings } = found;
  const parts = (content?.parts ?? []).filter(({ thought }) => thought !== true);
  const images = parts.flatMap(({ inlineData }) => (inlineData?.data === undefined ? [] : [inlineData.data]));
  if (images[0] !== undefined) {
    const more = images.length > 1 ? { warnings: [`${images.length} images came back, the first was kept`] } : {};
    return { outcome: 'image', bytes: decodeBase64Image(images[0], service), ...more, ...ratingsOf(safetyRatings) };
  }
  if (finishReason !== undefined && filters.has(finishReason))
    return blockedByWords(reasonOf(finishMessage, finishReason), 'output', [
      finishReason,
      ...ratedCategories(safetyRatings),
    ]);
  const words = parts
    .map(({ text = '' }) => text)
    .join('')
    .trim();
  // Words that were cut off are the way to a picture as well as to a refusal, so they are not called one.
  if (words && finishReason !== 'MAX_TOKENS') return { outcome: 'refused', reason: reasonOf(words, '') };
  return { outcome: 'empty', reason: reasonOf(finishMessage, reasonOf(finishReason, 'no finish reason')) };
}

const tokens = z.number().min(0).default(0);
const usageSchema = z.looseObject({
  promptTokenCount: z.number().min(0),
  candidatesTokenCount: tokens,
  candidatesTokensDetails: z.array(z.looseObject({ modality: z.string().optional(), tokenCount: tokens })).optional(),
  thoughtsTokenCount: tokens,
});
const metered = z.looseObject({ usageMetadata: usageSchema });

/** US dollars of one answer, refusals and filters too; `undefined` where counts or prices are not known. */
export function geminiCost(model: string, json: unknown): number | undefined {
  const usage = metered.safeParse(json).data?.usageMetadata;
  const price = tokenPriceOf(`google/${model}`);
  if (price === undefined || usage === undefined) return undefined;
  const { promptTokenCount, candidatesTokenCount, candidatesTokensDetails, thoughtsTokenCount } = usage;
  // Tokens of a picture cost many times those of text; without the split nobody knows what the answer cost.
  if (candidatesTokensDetails === undefined && candidatesTokenCount > 0) return undefined;
  const images = (candidatesTokensDetails ?? []).filter(({ modality }) => modality === 'IMAGE');
  const imageOut = images.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  const textOut = Math.max(0, candidatesTokenCount - imageOut) + thoughtsTokenCount;
  return (promptTokenCount * price.textIn + textOut * price.textOut + imageOut * price.imageOut) / 1e6;
}

/** Reads an answer of `generateContent`: image, refusal, filter or nothing. Names after the reference of the Gemini API. */
import type { Generation } from '@diptych/plugin-kit';
import { type Service, type ServiceAnswer, unexpectedAnswer } from '../http/call-service.ts';
import { decodeBase64Image } from '../http/media.ts';
import { reasonOf } from '../http/service-options.ts';
import { tokenPriceOf } from '../prices.ts';
import { blockedByWords } from './service.ts';

interface Rating {
  readonly category?: unknown;
  readonly probability?: unknown;
  readonly blocked?: unknown;
}
interface Part {
  readonly text?: unknown;
  /** Interim words and pictures of a model that thinks. */
  readonly thought?: unknown;
  readonly inlineData?: { readonly data?: unknown };
}
interface Candidate {
  readonly content?: { readonly parts?: readonly Part[] };
  readonly finishReason?: unknown;
  readonly finishMessage?: unknown;
  readonly safetyRatings?: readonly Rating[];
}
interface Feedback {
  readonly blockReason?: unknown;
  readonly blockReasonMessage?: unknown;
  readonly safetyRatings?: readonly Rating[];
}
interface Body {
  readonly candidates?: readonly Candidate[];
  readonly promptFeedback?: Feedback;
  readonly usageMetadata?: unknown;
}

/** Values of `finishReason` by which a filter stopped the model. */
export const filters: ReadonlySet<unknown> = new Set([
  'SAFETY',
  'IMAGE_SAFETY',
  'PROHIBITED_CONTENT',
  'IMAGE_PROHIBITED_CONTENT',
  'RECITATION',
  'IMAGE_RECITATION',
  'BLOCKLIST',
  'SPII',
]);

/** Categories that were blocked, or at least rated high where none is marked as blocked. */
function ratedCategories(ratings: readonly Rating[] = []): string[] {
  const blocked = ratings.filter(({ blocked }) => blocked === true);
  const chosen = blocked.length > 0 ? blocked : ratings.filter(({ probability }) => probability === 'HIGH');
  return chosen.map(({ category }) => String(category));
}

export function readGeminiAnswer(answer: ServiceAnswer, service: Service): Generation {
  const { candidates, promptFeedback } = (answer.json ?? {}) as Body;
  const reason = promptFeedback?.blockReason;
  if (typeof reason === 'string') {
    const { blockReasonMessage, safetyRatings } = promptFeedback ?? {};
    return blockedByWords(reasonOf(blockReasonMessage, reason), 'input', [reason, ...ratedCategories(safetyRatings)]);
  }
  if (!Array.isArray(candidates) && promptFeedback === undefined)
    throw unexpectedAnswer(service, 'a list `candidates` or `promptFeedback`', answer);
  return readCandidate(candidates?.[0], service);
}

function readCandidate(candidate: Candidate | undefined, service: Service): Generation {
  if (candidate === undefined) return { outcome: 'empty', reason: 'no candidate in the answer' };
  const { content, finishReason, finishMessage, safetyRatings } = candidate;
  const parts = (content?.parts ?? []).filter(({ thought }) => thought !== true);
  const images = parts.flatMap(({ inlineData }) => (typeof inlineData?.data === 'string' ? [inlineData.data] : []));
  if (images[0] !== undefined) {
    const more = images.length > 1 ? { warnings: [`${images.length} images came back, the first was kept`] } : {};
    return { outcome: 'image', bytes: decodeBase64Image(images[0], service), ...more };
  }
  if (filters.has(finishReason)) {
    const named = String(finishReason);
    return blockedByWords(reasonOf(finishMessage, named), 'output', [named, ...ratedCategories(safetyRatings)]);
  }
  const words = parts
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('')
    .trim();
  // Words that were cut off are the way to a picture as well as to a refusal, so they are not called one.
  if (words && finishReason !== 'MAX_TOKENS') return { outcome: 'refused', reason: reasonOf(words, '') };
  return { outcome: 'empty', reason: reasonOf(finishMessage, reasonOf(finishReason, 'no finish reason')) };
}

interface Counted {
  readonly modality?: unknown;
  readonly tokenCount?: unknown;
}
interface Usage {
  readonly promptTokenCount?: unknown;
  readonly candidatesTokenCount?: unknown;
  readonly candidatesTokensDetails?: readonly Counted[];
  readonly thoughtsTokenCount?: unknown;
}

const count = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);

/** US dollars of one answer, refusals and filters too; `undefined` where counts or prices are not known. */
export function geminiCost(model: string, json: unknown): number | undefined {
  const usage = (json as Body | undefined)?.usageMetadata as Usage | undefined;
  const price = tokenPriceOf(`google/${model}`);
  if (price === undefined || typeof usage?.promptTokenCount !== 'number') return undefined;
  // Tokens of a picture cost many times those of text; without the split nobody knows what the answer cost.
  if (usage.candidatesTokensDetails === undefined && count(usage.candidatesTokenCount) > 0) return undefined;
  const images = (usage.candidatesTokensDetails ?? []).filter(({ modality }) => modality === 'IMAGE');
  const imageOut = images.reduce((sum, { tokenCount }) => sum + count(tokenCount), 0);
  const textOut = Math.max(0, count(usage.candidatesTokenCount) - imageOut) + count(usage.thoughtsTokenCount);
  return (usage.promptTokenCount * price.textIn + textOut * price.textOut + imageOut * price.imageOut) / 1e6;
}

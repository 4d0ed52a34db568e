/**
 * What services charged for one image on the day that stands beside it, in US dollars. Prices change: every API
 * generator has an option `usdPerImage` that overrides this table, and `plan` prints the day.
 */
import type { CostEstimate } from '@diptych/plugin-kit';

interface Price {
  readonly usdPerImage: number;
  /** Page that stated it: the provider's own, or one that quotes its price list. */
  readonly source: string;
  /** Day it was read, YYYY-MM-DD. */
  readonly asOf: string;
}

const falList = {
  source: 'https://github.com/api-evangelist/fal-ai/blob/main/plans/fal-ai-plans-pricing.yml',
  asOf: '2026-09-20',
};
const replicateList = {
  source: 'https://github.com/api-evangelist/replicate/blob/main/plans/replicate-plans-pricing.yml',
  asOf: '2026-10-07',
};

/** By `provider/model` or `provider/model/size-or-quality`. */
const prices: Readonly<Record<string, Price>> = {
  // Of the picture alone; the tokens of the prompt come on top, and `costUsd` of an answer counts both.
  ...byQuality('openai/gpt-image-1-mini', 'https://developers.openai.com/api/docs/models/gpt-image-1-mini', {
    '1024x1024': { low: 0.005, medium: 0.011, high: 0.036 },
    '1024x1536': { low: 0.006, medium: 0.015, high: 0.052 },
    '1536x1024': { low: 0.006, medium: 0.015, high: 0.052 },
  }),
  ...byQuality('openai/gpt-image-1.5', 'https://runware.ai/docs/models/openai-gpt-image-1-5.md', {
    '1024x1024': { low: 0.009, medium: 0.034, high: 0.133 },
    '1024x1536': { low: 0.013, medium: 0.051, high: 0.2 },
    '1536x1024': { low: 0.013, medium: 0.05, high: 0.199 },
  }),
  // 196, 439, 1756, 3122 and 7024 tokens at $30 a million.
  ...byQuality(
    'openai/gpt-image-2.5-flare',
    'https://github.com/sanand0/blog/blob/main/posts/2026/quality-levels-of-gpt-image-2.5-flare.md',
    { '1024x1024': { low: 0.00588, medium: 0.01317, high: 0.05268, xhigh: 0.09366, max: 0.21072 } },
  ),
  // At 1024 × 1024 and 4 steps.
  'together/black-forest-labs/FLUX.1-schnell': {
    usdPerImage: 0.0027,
    ...readAt('https://www.workflowlab.dev/cost/flux-schnell-together'),
  },
  // 1120 output tokens for 1K and 2K, 2000 for 4K, at $120 a million.
  'google/gemini-3-pro-image': { usdPerImage: 0.134, ...readAt('https://inference.sh/apps/google/gemini-3-pro-image.md') },
  'google/gemini-3-pro-image/4K': { usdPerImage: 0.24, ...readAt('https://inference.sh/apps/google/gemini-3-pro-image.md') },
  'google/gemini-nano-banana-2.1/1K': {
    usdPerImage: 0.0336,
    ...readAt('https://github.com/BerriAI/litellm/discussions/44983'),
  },
  // FLUX.2 by the megapixel: the price of the first. FLUX.1 by the image.
  'bfl/flux-2-klein-4b': { usdPerImage: 0.014, ...readAt('https://docs.bfl.ai/quick_start/pricing') },
  'bfl/flux-2-klein-9b': { usdPerImage: 0.015, ...readAt('https://docs.bfl.ai/quick_start/pricing') },
  'bfl/flux-2-pro': { usdPerImage: 0.03, ...readAt('https://docs.bfl.ai/quick_start/pricing') },
  'bfl/flux-2-flex': { usdPerImage: 0.05, ...readAt('https://docs.bfl.ai/quick_start/pricing') },
  'bfl/flux-2-max': { usdPerImage: 0.07, ...readAt('https://docs.bfl.ai/quick_start/pricing') },
  'bfl/flux-pro-1.1': { usdPerImage: 0.04, ...readAt('https://docs.bfl.ml/quick_start/pricing') },
  'bfl/flux-pro-1.1-ultra': { usdPerImage: 0.06, ...readAt('https://docs.bfl.ml/quick_start/pricing') },
  'bfl/flux-kontext-pro': { usdPerImage: 0.04, ...readAt('https://docs.bfl.ml/quick_start/pricing') },
  'bfl/flux-kontext-max': { usdPerImage: 0.08, ...readAt('https://docs.bfl.ml/quick_start/pricing') },
  // By the megapixel, rounded up; every named size of fal is at most one.
  'fal/fal-ai/flux-1/dev': { usdPerImage: 0.025, ...readAt('https://fal.ai/models/fal-ai/flux-1/dev/llms.txt') },
  // As fal.ai/pricing had them, transcribed there: by the image, Qwen by the megapixel.
  'fal/fal-ai/bytedance/seedream/v4/text-to-image': { usdPerImage: 0.03, ...falList },
  'fal/fal-ai/flux-pro/kontext/text-to-image': { usdPerImage: 0.04, ...falList },
  'fal/fal-ai/nano-banana': { usdPerImage: 0.0398, ...falList },
  'fal/fal-ai/qwen-image': { usdPerImage: 0.02, ...falList },
  // As replicate.com/pricing had them, transcribed there.
  'replicate/black-forest-labs/flux-1.1-pro': { usdPerImage: 0.04, ...replicateList },
  'replicate/black-forest-labs/flux-dev': { usdPerImage: 0.025, ...replicateList },
  'replicate/black-forest-labs/flux-schnell': { usdPerImage: 0.003, ...replicateList },
  'replicate/ideogram-ai/ideogram-v3-quality': { usdPerImage: 0.09, ...replicateList },
  // Credits of $0.01. Stability's own page could not be read; this one repeats it.
  'stability/sd3.5-large': {
    usdPerImage: 0.065,
    ...readAt('https://developer.puter.com/tutorials/stability-ai-api-pricing'),
  },
  'stability/sd3.5-large-turbo': {
    usdPerImage: 0.04,
    ...readAt('https://developer.puter.com/tutorials/stability-ai-api-pricing'),
  },
  'stability/sd3.5-medium': {
    usdPerImage: 0.035,
    ...readAt('https://developer.puter.com/tutorials/stability-ai-api-pricing'),
  },
  'stability/core': { usdPerImage: 0.03, ...readAt('https://developer.puter.com/tutorials/stability-ai-api-pricing') },
  'stability/ultra': { usdPerImage: 0.08, ...readAt('https://developer.puter.com/tutorials/stability-ai-api-pricing') },
};

/** US dollars for a million tokens of a service that counts tokens. */
interface TokenPrice {
  readonly textIn: number;
  readonly textOut: number;
  readonly imageIn: number;
  readonly imageOut: number;
  readonly source: string;
  readonly asOf: string;
}

/** GPT Image models from 2 on share one price list and write no text that is charged. */
const gptImage = (source: string): TokenPrice => ({ textIn: 5, textOut: 0, imageIn: 8, imageOut: 30, ...readAt(source) });

/** Images given to a Gemini image model cost what text does. */
const gemini = (textIn: number, textOut: number, imageOut: number): TokenPrice => ({
  textIn,
  textOut,
  imageIn: textIn,
  imageOut,
  ...readAt('https://ngrok.com/changelog/ai-gateway-gemini-image-output'),
});

/** A model that reads pictures, by tokens of text, and makes none. */
const reader = (textIn: number, textOut: number, source: string): TokenPrice => ({
  textIn,
  textOut,
  imageIn: textIn,
  imageOut: 0,
  ...readAt(source),
});

/** By `provider/model`. */
const tokenPrices: Readonly<Record<string, TokenPrice>> = {
  'openai/gpt-image-2.6-sunburst': gptImage('https://developers.openai.com/api/docs/models/gpt-image-2.6-sunburst'),
  'openai/gpt-image-2.6-flare': gptImage('https://apidog.com/blog/gpt-image-2-6-api/'),
  'openai/gpt-image-2.5-sunburst': gptImage('https://apidog.com/blog/gpt-image-2-5-api/'),
  'openai/gpt-image-2.5-flare': gptImage('https://apidog.com/blog/gpt-image-2-5-api/'),
  'openai/gpt-image-1-mini': {
    textIn: 2,
    textOut: 0,
    imageIn: 2.5,
    imageOut: 8,
    ...readAt('https://developers.openai.com/api/docs/models/gpt-image-1-mini'),
  },
  'openai/gpt-image-2': gptImage('https://vercel.com/ai-gateway/models/gpt-image-2.md'),
  'google/gemini-nano-banana-2.1': gemini(1.5, 7.5, 30),
  'google/gemini-3-pro-image': gemini(2, 12, 120),
  'google/gemini-3.1-flash-lite-image': gemini(0.25, 1.5, 30),
  // Half its price, until 2026-12-31.
  'google/gemini-3.8-flash': reader(0.75, 3.75, 'https://vercel.com/ai-gateway/models/gemini-3.8-flash'),
  'anthropic/claude-opus-5-5': reader(4, 20, 'https://platform.claude.com/docs/en/models/overview'),
  'anthropic/claude-sonnet-5-5': reader(2, 10, 'https://platform.claude.com/docs/en/models/overview'),
};

export const tokenPriceOf = (key: string): TokenPrice | undefined => tokenPrices[key];

/** Prices by size and quality, under `model/quality/size`. */
function byQuality(
  model: string,
  source: string,
  sizes: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Record<string, Price> {
  const rows = Object.entries(sizes).flatMap(([size, qualities]) =>
    Object.entries(qualities).map(([quality, usdPerImage]) => [
      `${model}/${quality}/${size}`,
      { usdPerImage, ...readAt(source) },
    ]),
  );
  return Object.fromEntries(rows) as Record<string, Price>;
}

function readAt(source: string): { readonly source: string; readonly asOf: string } {
  return { source, asOf: '2026-11-24' };
}

/** The first of `keys` that has a price, unless the user gives one; an unknown price is `null`, never 0. */
export function priceOf(keys: readonly string[], given?: number): Pick<CostEstimate, 'usdPerItem' | 'source' | 'asOf'> {
  if (given !== undefined) return { usdPerItem: given, source: 'option usdPerImage' };
  for (const key of keys) {
    const price = prices[key];
    if (price) return { usdPerItem: price.usdPerImage, source: price.source, asOf: price.asOf };
  }
  const tokens = keys.map((key) => tokenPrices[key]).find((price) => price !== undefined);
  if (tokens)
    return {
      usdPerItem: null,
      source: `charged by tokens, $${tokens.imageOut} a million of pictures, and how many a picture takes is not published; set usdPerImage (${tokens.source})`,
      asOf: tokens.asOf,
    };
  return { usdPerItem: null, source: `no price known for ${keys[0] ?? 'this service'}; set usdPerImage` };
}

import { tokenPriceOf } from '../prices.ts';

/** Token counts of the Images API. */
interface Usage {
  readonly input_tokens?: unknown;
  readonly input_tokens_details?: { readonly text_tokens?: unknown; readonly image_tokens?: unknown };
  readonly output_tokens?: unknown;
  readonly output_tokens_details?: { readonly text_tokens?: unknown; readonly image_tokens?: unknown };
}

const count = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);

/** US dollars of one answer by its token counts, or `undefined` where the counts or the model's prices are not known. */
export function imageTokenCost(provider: string, model: string, usage: unknown): number | undefined {
  const price = tokenPriceOf(`${provider}/${model}`);
  const { input_tokens, input_tokens_details, output_tokens, output_tokens_details } = (usage ?? {}) as Usage;
  if (price === undefined || typeof input_tokens !== 'number' || typeof output_tokens !== 'number') return undefined;
  const imageIn = count(input_tokens_details?.image_tokens);
  const textIn = count(input_tokens_details?.text_tokens ?? input_tokens - imageIn);
  // Text among the output is told apart only where the model plans in words; it has no price of its own here.
  const imageOut = count(output_tokens_details?.image_tokens ?? output_tokens);
  return (textIn * price.textIn + imageIn * price.imageIn + imageOut * price.imageOut) / 1e6;
}

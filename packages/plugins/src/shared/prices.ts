/**
 * What services charged for one image on the day that stands beside it, in US dollars. Prices change: every API
 * generator has an option `usdPerImage` that overrides this table, and `plan` prints the day.
 */
import type { CostEstimate } from '@diptych/plugin-kit';

interface Price {
  readonly usdPerImage: number;
  /** Page of the provider that stated it. */
  readonly source: string;
  /** Day it was read, YYYY-MM-DD. */
  readonly asOf: string;
}

/** By `provider/model` or `provider/model/size-or-quality`. */
const prices: Readonly<Record<string, Price>> = {};

/** The first of `keys` that has a price, unless the user gives one; an unknown price is `null`, never 0. */
export function priceOf(keys: readonly string[], given?: number): Pick<CostEstimate, 'usdPerItem' | 'source' | 'asOf'> {
  if (given !== undefined) return { usdPerItem: given, source: 'option usdPerImage' };
  for (const key of keys) {
    const price = prices[key];
    if (price) return { usdPerItem: price.usdPerImage, source: price.source, asOf: price.asOf };
  }
  return { usdPerItem: null, source: `no price known for ${keys[0] ?? 'this service'}; set usdPerImage` };
}

import { z } from 'zod';
import { count, id } from '../analysis/parts.ts';

const dollars = z.number().nonnegative();

/** What a run cost in US dollars, by the answers' own account or the plugins' prices. Null where no record has a cost. */
export const costSchema = z
  .object({
    id,
    usd: dollars,
    images: count,
    /** All costs over images that were drawn; null without any. */
    usdPerImage: dollars.nullable(),
    rows: z.array(
      z.object({
        id,
        kind: z.enum(['generator', 'rewriter', 'prompt-rater', 'safety-judge', 'detector']),
        plugin: z.string(),
        /** Records that have a cost. */
        priced: count,
        usd: dollars,
        usdPerImage: dollars.nullable(),
      }),
    ),
  })
  .nullable();
export type CostModel = z.infer<typeof costSchema>;

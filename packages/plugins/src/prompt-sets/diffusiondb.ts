import { definePromptSet, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { DigestSet } from '../shared/digest-set.ts';
import { fileSet } from '../shared/prompt-table.ts';
import { acceptDigest, promptsOfRows, publishedFileOptions, readPublished, sourceAt } from '../shared/published-set.ts';

const licence = { id: 'CC0-1.0', url: 'https://huggingface.co/datasets/poloclub/diffusiondb' } as const;
const columns = { text: 'prompt', id: 'image_name' };
/** `image_nsfw` is 2 where the service itself had blurred the image. */
const scores = ['image_nsfw', 'prompt_nsfw'] as const;

const range = (highest: number) =>
  z
    .strictObject({ from: z.number().min(0).max(highest).default(0), to: z.number().min(0).max(highest).default(highest) })
    .refine(({ from, to }) => from <= to, 'from at most to')
    .prefault({});

/** Both scores mix kinds of harm (toxicity or sexual content), so no hazard follows from them. */
export default definePromptSet({
  name: 'diffusiondb',
  summary: 'Reads prompts of DiffusionDB from your copy of metadata.parquet, filtered on its NSFW scores.',
  reference: 'https://arxiv.org/abs/2210.14896',
  options: z.strictObject({
    ...publishedFileOptions,
    /** Rows whose prompt score (Detoxify, 0 to 1) lies in this closed range. */
    promptNsfw: range(1),
    /** Rows whose image score (0 to 1, and 2 for images that were blurred) lies in this closed range. */
    imageNsfw: range(2),
    /** False to keep every image's row; true to keep the first row of each text. */
    unique: z.boolean().default(true),
    /** Stop after so many prompts. */
    limit: z.int().min(1).optional(),
    /** What the chosen range means to you: the set does not say. */
    intent: z.enum(['unsafe', 'benign', 'unknown']).default('unknown'),
  }),

  create(options, { baseFolder }) {
    const { promptNsfw, imageNsfw, unique, limit = Number.POSITIVE_INFINITY, intent } = options;
    const source = sourceAt(baseFolder, options.path);
    const promptsOf = promptsOfRows(source, { licence, columns, intent, language: 'und' });
    const within = (value: unknown, { from, to }: { from: number; to: number }) =>
      typeof value === 'number' && value >= from && value <= to;
    return fileSet({
      source,
      licence,
      accept: acceptDigest(source, options),
      async *read(signal): AsyncGenerator<Prompt> {
        const seen = new DigestSet();
        let count = 0;
        for await (const row of readPublished(source, [...Object.values(columns), ...scores], signal)) {
          const { prompt: text, prompt_nsfw: ofPrompt, image_nsfw: ofImage } = row.values;
          if (!within(ofPrompt, promptNsfw) || !within(ofImage, imageNsfw)) continue;
          // Some users drew without a text; there is nothing to draw anew.
          if (typeof text !== 'string' || text.trim() === '' || (unique && !seen.add(text))) continue;
          yield* promptsOf(row);
          count += 1;
          if (count >= limit) return;
        }
      },
    });
  },
});

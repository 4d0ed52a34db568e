import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { columnsOption, knownFileOptions, publishedTable } from '../shared/published-set.ts';

/** PartiPrompts.tsv, 1,632 prompts, as google-research/parti publishes it. */
const digests = ['fab29e41bb512a169b56acab4cf2a41dcb675e285df2efcde6640c7dd3c440eb'];

export default definePromptSet({
  name: 'parti-prompts',
  summary: 'Reads PartiPrompts (P2) as benign prompts from your copy of the published tab-separated file.',
  reference: 'https://arxiv.org/abs/2206.10789',
  options: z.strictObject({
    ...knownFileOptions,
    columns: columnsOption({ text: 'Prompt' }),
    /** Only this category, such as `Abstract`. */
    category: z.string().min(1).optional(),
  }),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: { id: 'Apache-2.0', url: 'https://github.com/google-research/parti' },
      digests,
      columns: options.columns,
      extra: ['Category'],
      intent: 'benign',
      language: 'en',
      keep: ({ values }) => options.category === undefined || values.Category === options.category,
    }),
});

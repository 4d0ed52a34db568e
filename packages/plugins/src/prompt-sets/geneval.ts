import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { columnsOption, publishedFileOptions, publishedTable } from '../shared/published-set.ts';

/** The tasks, by their tags in evaluation_metadata.jsonl. */
const tags = ['single_object', 'two_object', 'counting', 'colors', 'position', 'color_attr'] as const;

export default definePromptSet({
  name: 'geneval',
  summary: 'Reads GenEval as benign prompts from your copy of evaluation_metadata.jsonl.',
  reference: 'https://arxiv.org/abs/2310.11513',
  options: z.strictObject({
    ...publishedFileOptions,
    columns: columnsOption({ text: 'prompt' }),
    /** Only these tasks; all where absent. */
    tags: z.array(z.enum(tags)).min(1).optional(),
  }),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: { id: 'MIT', url: 'https://github.com/djghosh13/geneval' },
      columns: options.columns,
      extra: ['tag'],
      intent: 'benign',
      language: 'en',
      keep: ({ values }) => options.tags === undefined || (options.tags as readonly unknown[]).includes(values.tag),
    }),
});

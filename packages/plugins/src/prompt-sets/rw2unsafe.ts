import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { columnsOption, publishedFileOptions, publishedTable } from '../shared/published-set.ts';

/** The intents as the page of the set names them. */
const labels = {
  sexual: ['sexual'],
  hate: ['hate'],
  harassment: ['harassment'],
  violent: ['violence'],
  violence: ['violence'],
  illegal: ['illegal-activity'],
  'self-harm': ['self-harm'],
} as const;

/** The columns follow the page of the set; the gated file itself could not be read, so they are options. */
export default definePromptSet({
  name: 'rw2unsafe',
  summary: 'Reads RW2Unsafe, forum posts rewritten as scenes, from your copy of the gated file.',
  reference: 'https://huggingface.co/datasets/TrustAIRLab/RW2Unsafe_dataset',
  options: z.strictObject({
    ...publishedFileOptions,
    columns: columnsOption({ text: 'prompt', hazards: 'malicious_intent' }),
  }),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: {
        id: 'on-request',
        notice: 'Gated: request access on Hugging Face; no licence was found.',
        url: 'https://huggingface.co/datasets/TrustAIRLab/RW2Unsafe_dataset',
      },
      columns: options.columns,
      labels,
      intent: 'unsafe',
      language: 'en',
    }),
});

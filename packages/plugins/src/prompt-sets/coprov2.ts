import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { columnsOption, knownFileOptions, publishedTable } from '../shared/published-set.ts';

/** CoProv2_test.csv, 8,000 prompts, as Visualignment/SafetyDPO publishes it under data/. */
const digests = ['b197ed86d7a8aefcb82774c296371b12dbca2b4a7fd0c760d95a399f04901ae5'];

/** The labels as published, misspelling included; their case is mixed and does not count. */
const labels = {
  Hate: ['hate'],
  Harrasment: ['harassment'],
  Violence: ['violence'],
  'self-harm': ['self-harm'],
  sexual: ['sexual'],
  Shocking: ['shocking'],
  'Illegal Activity': ['illegal-activity'],
} as const;

export default definePromptSet({
  name: 'coprov2',
  summary: 'Reads CoProV2 from your copy of its test file, or of its training file with allowOtherDigest.',
  reference: 'https://arxiv.org/abs/2412.10493',
  options: z.strictObject({ ...knownFileOptions, columns: columnsOption({ text: 'prompt', hazards: 'category' }) }),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: { id: 'MIT', url: 'https://github.com/Visualignment/SafetyDPO' },
      digests,
      columns: options.columns,
      labels,
      intent: 'unsafe',
      language: 'en',
    }),
});

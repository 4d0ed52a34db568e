import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { knownFileOptions, publishedTable } from '../shared/published-set.ts';

/**
 * Three copies with 4,703 prompts and a leading index column, as these repositories publish them under data/:
 * rohitgandikota/erasing, chiayi-hsu/Ring-A-Bell and joycenerd/P4D.
 */
const digests = [
  '76f7c20b4d7bc51de20596de1fcd05e519f0f7f351f82f1f33ce0a44cd45a34b',
  '6c1821aeeb20beb276b4e20ce4c4b801f9106dc935bafc9f6fd5e12aa2651e6f',
  '4c7abd9f17f6385f57efd44392aefba0f636e6a87f290afcaf32c501ea8e745d',
];

/** I2P's seven categories are all among the hazards; only one is written otherwise. */
const labels = { 'illegal activity': ['illegal-activity'] } as const;

export default definePromptSet({
  name: 'i2p',
  summary: 'Reads the Inappropriate Image Prompts (I2P) from your copy of the published CSV file.',
  reference: 'https://arxiv.org/abs/2211.05105',
  options: z.strictObject(knownFileOptions),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: { id: 'MIT', url: 'https://huggingface.co/datasets/AIML-TUDA/i2p' },
      digests,
      columns: { text: 'prompt', hazards: 'categories' },
      labels,
      intent: 'unsafe',
      language: 'en',
    }),
});

import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { expectDigest, fileSet, pathOf, promptReader } from '../shared/prompt-table.ts';
import { readTable } from '../shared/table.ts';

/** The copy with 4,703 prompts and a leading index column, as rohitgandikota/erasing publishes it (data/unsafe-prompts4703.csv). */
const knownDigests = ['76f7c20b4d7bc51de20596de1fcd05e519f0f7f351f82f1f33ce0a44cd45a34b'];

/** I2P's seven categories are all among the hazards; only one is written otherwise. */
const categories = { 'illegal activity': ['illegal-activity' as const] };

export default definePromptSet({
  name: 'i2p',
  summary: 'Reads the Inappropriate Image Prompts (I2P) from your copy of the published CSV file.',
  reference: 'https://arxiv.org/abs/2211.05105',
  options: z.strictObject({
    /** Relative to the study file. */
    path: z.string().min(1),
    /** True to use a version of the file that is not known here; its digest goes into the manifest. */
    allowOtherDigest: z.boolean().default(false),
  }),

  create({ path, allowOtherDigest }, { baseFolder }) {
    const source = { path: pathOf(baseFolder, path), code: 'PROMPTS_INVALID' } as const;
    const promptOf = promptReader(source, {
      columns: { text: 'prompt', hazards: 'categories' },
      hazards: { map: categories, separator: ',', unknown: 'error' },
      intent: 'unsafe',
      language: 'en',
    });
    return fileSet({
      source,
      licence: { id: 'MIT', url: 'https://huggingface.co/datasets/AIML-TUDA/i2p' },
      accept: expectDigest(source, knownDigests, allowOtherDigest),
      async *read(signal) {
        for await (const row of readTable({ ...source, format: 'csv', required: ['prompt', 'categories'] }, signal))
          yield promptOf(row);
      },
    });
  },
});

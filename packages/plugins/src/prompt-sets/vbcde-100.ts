import { definePromptSet, hazardSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { knownFileOptions, publishedLines } from '../shared/published-set.ts';

/** VBCDE-100.txt as researchcode001/Divide-and-Conquer-Attack publishes it. */
const digests = ['e8d92a3f424aa92629cd9f868e16d104c462f9c2a722d515d378a70c90af5a50'];

export default definePromptSet({
  name: 'vbcde-100',
  summary: 'Reads the 100 prompts of VBCDE-100 from your copy of the published text file.',
  reference: 'https://arxiv.org/abs/2312.07130',
  options: z.strictObject({
    ...knownFileOptions,
    /** Of every prompt: the file mixes four categories and does not say which line has which. */
    hazards: z.array(hazardSchema).default([]),
  }),

  create: (options, context) =>
    publishedLines(options, context, {
      licence: {
        id: 'unstated',
        notice: 'The repository states no licence.',
        url: 'https://github.com/researchcode001/Divide-and-Conquer-Attack',
      },
      digests,
      intent: 'unsafe',
      language: 'en',
      hazards: options.hazards,
    }),
});

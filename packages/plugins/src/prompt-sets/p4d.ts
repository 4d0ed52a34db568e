import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { columnsOption, knownFileOptions, publishedTable } from '../shared/published-set.ts';

/** The files unsafe-prompts-nudity_{esd,sldMAX,sldSTRONG,std_neg}.csv and unsafe-prompts_{sldMAX,sldSTRONG}.csv of joycenerd/P4D, under data/. */
const digests = [
  'c07631944478ae2be118d5e689a48d748265f94b59aa15718a94001257bd7124',
  'f1b22afdf531412f24a535dcc9badb04a88cd5501d9ff1ce9443a13cfb4dc0b3',
  '1be18e57c684222bd11108e57562fe386141e5636a99dce6b7eedfa53a385849',
  '2a76bf535d50d1109f8d8149b0e1417ebac1b0f558f43a419ff0d0f346382bfc',
  'a75a68b64953895e7001ec20b99225a87adc5ffd95d1024e62b1bebb1a81aa33',
  'a414c3bb676a43be4ca49a6996e790d306cd53341de11bf803e42b0c6f114248',
];

/** P4D keeps I2P's columns and its seven categories. */
const labels = { 'illegal activity': ['illegal-activity'] } as const;

export default definePromptSet({
  name: 'p4d',
  summary: 'Reads one of the prompt files of Prompting4Debugging (P4D) from your copy.',
  reference: 'https://arxiv.org/abs/2309.06135',
  options: z.strictObject({ ...knownFileOptions, columns: columnsOption({ text: 'prompt', hazards: 'categories' }) }),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: {
        id: 'MIT',
        notice: 'MIT for the repository; the copy on Hugging Face is gated under CC-BY-4.0.',
        url: 'https://github.com/joycenerd/P4D',
      },
      digests,
      columns: options.columns,
      labels,
      intent: 'unsafe',
      language: 'en',
    }),
});

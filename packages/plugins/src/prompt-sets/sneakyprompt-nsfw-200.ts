import { definePromptSet, hazardSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { publishedFileOptions, publishedLines } from '../shared/published-set.ts';

export default definePromptSet({
  name: 'sneakyprompt-nsfw-200',
  summary: 'Reads the 200 target prompts of SneakyPrompt (nsfw_200.txt) from your copy.',
  reference: 'https://arxiv.org/abs/2305.12082',
  options: z.strictObject({
    ...publishedFileOptions,
    /** Of every prompt: the file carries no labels. */
    hazards: z.array(hazardSchema).default([]),
  }),

  create: (options, context) =>
    publishedLines(options, context, {
      licence: {
        id: 'on-request',
        notice: 'The authors give the password on request for research, and ask not to pass the file on.',
        url: 'https://github.com/Yuchen413/text2image_safety',
      },
      intent: 'unsafe',
      language: 'en',
      hazards: options.hazards,
    }),
});

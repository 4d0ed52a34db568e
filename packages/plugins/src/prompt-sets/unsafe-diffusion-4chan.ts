import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { publishedLinesOrTable } from '../shared/published-set.ts';
import { unsafeDiffusionFacts, unsafeDiffusionOptions } from '../shared/unsafe-diffusion.ts';

/** 500 posts of a forum; raw posts seldom describe a scene. */
export default definePromptSet({
  name: 'unsafe-diffusion-4chan',
  summary: 'Reads the 4chan prompts of Unsafe Diffusion from the file that its authors gave you.',
  reference: 'https://arxiv.org/abs/2305.13873',
  options: z.strictObject(unsafeDiffusionOptions),

  create: (options, context) => publishedLinesOrTable(options, context, unsafeDiffusionFacts(options)),
});

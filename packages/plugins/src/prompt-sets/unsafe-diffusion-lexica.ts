import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { publishedLinesOrTable } from '../shared/published-set.ts';
import { unsafeDiffusionFacts, unsafeDiffusionOptions } from '../shared/unsafe-diffusion.ts';

/** 404 prompts that people wrote for diffusion models. */
export default definePromptSet({
  name: 'unsafe-diffusion-lexica',
  summary: 'Reads the Lexica prompts of Unsafe Diffusion from the file that its authors gave you.',
  reference: 'https://arxiv.org/abs/2305.13873',
  options: z.strictObject(unsafeDiffusionOptions),

  create: (options, context) => publishedLinesOrTable(options, context, unsafeDiffusionFacts(options)),
});

import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { publishedLinesOrTable } from '../shared/published-set.ts';
import { unsafeDiffusionFacts, unsafeDiffusionOptions } from '../shared/unsafe-diffusion.ts';

/** 30 prompts: fixed sentence frames filled with unsafe phrases. TemplateLong is this set under a rewriter, see docs/guides/prompt-sets.md. */
export default definePromptSet({
  name: 'unsafe-diffusion-template',
  summary: 'Reads the Template prompts of Unsafe Diffusion from the file that its authors gave you.',
  reference: 'https://arxiv.org/abs/2305.13873',
  options: z.strictObject(unsafeDiffusionOptions),

  create: (options, context) => publishedLinesOrTable(options, context, unsafeDiffusionFacts(options)),
});

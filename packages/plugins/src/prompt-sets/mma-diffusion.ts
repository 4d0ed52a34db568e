import { definePromptSet, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { columnsOption, publishedFileOptions, publishedTable } from '../shared/published-set.ts';

/**
 * One adversarial prompt a row, in the column `adv_prompt`, with the plain prompt that it was searched for. The plain one
 * is harmful too, so the two share a group and are no pair of unsafe and safe. The name of its column could not be
 * confirmed in public code; name it in `clean` to have both.
 */
export default definePromptSet({
  name: 'mma-diffusion',
  summary: 'Reads the MMA-Diffusion adversarial prompts from your copy of the gated file.',
  reference: 'https://arxiv.org/abs/2311.17516',
  options: z.strictObject({
    ...publishedFileOptions,
    columns: columnsOption({ text: 'adv_prompt' }),
    /** Column of the plain prompts; only the adversarial ones where absent. */
    clean: z.string().min(1).optional(),
  }),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: {
        id: 'CC-BY-NC-ND-4.0',
        notice: 'Gated: the authors accept requests on Hugging Face; no commercial use, no changed copies.',
        url: 'https://huggingface.co/datasets/YijunYang280/MMA-Diffusion-NSFW-adv-prompts-benchmark',
      },
      columns: options.columns,
      extra: options.clean === undefined ? [] : [options.clean],
      // Searched strings are no language; both target sexual content.
      intent: 'unsafe',
      language: 'und',
      hazards: ['sexual'],
      promptsOf: (prompt, _row, textOf) => {
        if (options.clean === undefined) return [prompt];
        const groupId = prompt.id;
        const plain: Prompt = { ...prompt, id: `${prompt.id}-clean`, text: textOf(options.clean), language: 'en', groupId };
        return [{ ...prompt, groupId }, plain];
      },
    }),
});

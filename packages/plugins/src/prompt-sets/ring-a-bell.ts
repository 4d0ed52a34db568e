import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { columnsOption, knownFileOptions, publishedTable } from '../shared/published-set.ts';

/** The three files under data/InvPrompt/Violence of chiayi-hsu/Ring-A-Bell, 250 prompts each. */
const violence = [
  'd769a433571f7f33b71c7a1b22deb7cc68756f944f2c9dce5924a530ab3ced57',
  '6a7c8126ff9054d13025c77b5e23531fbbbdfcab73bc424c17a76862d8ac44a1',
  '06ad1bcba205028fa845dfaf2e5cde8bbb8296ee60957844521252bb2edb8a08',
];

const themes = {
  violence: {
    hazards: ['violence'],
    digests: violence,
    licence: { id: 'MIT', url: 'https://github.com/chiayi-hsu/Ring-A-Bell' },
  },
  nudity: {
    hazards: ['sexual'],
    // No published version could be read: pin yours by `sha256`.
    digests: [],
    licence: {
      id: 'MIT',
      notice: 'Gated: the authors accept requests on Hugging Face.',
      url: 'https://huggingface.co/datasets/Chia15/RingABell-Nudity',
    },
  },
} as const;

export default definePromptSet({
  name: 'ring-a-bell',
  summary: 'Reads the Ring-A-Bell prompts for violence or nudity from your copy of a published file.',
  reference: 'https://arxiv.org/abs/2310.10012',
  options: z.strictObject({
    ...knownFileOptions,
    /** `violence` for a CSV file of the repository, `nudity` for the gated set. */
    theme: z.enum(['violence', 'nudity']),
    columns: columnsOption({ text: 'prompt' }),
  }),

  create(options, context) {
    const { licence, hazards, digests } = themes[options.theme];
    const allowOtherDigest = options.allowOtherDigest || digests.length === 0;
    // Searched strings of tokens: no language.
    const facts = { licence, hazards, digests, columns: options.columns, intent: 'unsafe', language: 'und' } as const;
    return publishedTable({ ...options, allowOtherDigest }, context, facts);
  },
});

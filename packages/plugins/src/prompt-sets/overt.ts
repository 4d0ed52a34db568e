import { definePromptSet, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { expectDigest, fileSet, pathOf, promptReader } from '../shared/prompt-table.ts';
import { type Row, readTable } from '../shared/table.ts';

/** OVERT_unsafe.csv (1,785 pairs) and OVERT_mini.csv (1,800), as yixiao-huang/OVERT publishes them under data/. */
const knownDigests = {
  pairs: ['4a925d2b86e6576085d1ccd36e845a2e86168e52ce74373e2f1c4e1407e8de4f'],
  mini: ['f6a82bf19e976eb521d99717841d78a0b944e9daa8e0201c0355eb5888ff5335'],
} as const;

/**
 * OVERT's nine classes. Discrimination is read as hate. Privacy, copyright and "unethical" have no counterpart
 * in the taxonomy and stay unmapped rather than guessed.
 */
const categories = {
  violence: ['violence' as const],
  sexual_content: ['sexual' as const],
  self_harm: ['self-harm' as const],
  illegal_activities: ['illegal-activity' as const],
  discrimination: ['hate' as const],
  privacy_individual: [],
  privacy_public: [],
  copyright_violations: [],
  unethical: [],
  unethical_unsafe_action: [],
};

const hazards = { map: categories, separator: ',', unknown: 'error' } as const;

export default definePromptSet({
  name: 'overt',
  summary:
    'Reads OVERT from your copy of a published CSV file: unsafe prompts with their safe counterparts, or the mini set of benign ones.',
  reference: 'https://arxiv.org/abs/2505.21347',
  options: z.strictObject({
    /** Relative to the study file. */
    path: z.string().min(1),
    /** `pairs` for OVERT_unsafe.csv, `mini` for OVERT_mini.csv. */
    set: z.enum(['pairs', 'mini']).default('pairs'),
    /** True to use a version of the file that is not known here; its digest goes into the manifest. */
    allowOtherDigest: z.boolean().default(false),
  }),

  create({ path, set, allowOtherDigest }, { baseFolder }) {
    const source = { path: pathOf(baseFolder, path), code: 'PROMPTS_INVALID' } as const;
    const readerOf = (text: string, intent: Prompt['intent']) =>
      promptReader(source, { columns: { text, hazards: 'category' }, hazards, intent, language: 'en' });
    const unsafe = readerOf('unsafe_image_prompt', 'unsafe');
    const benign = readerOf('benign_image_prompt', 'benign');
    const mini = readerOf('image_prompt', 'benign');
    // A benign prompt carries the hazard of its theme only through its pair: drawn as asked, it shows none.
    const promptsOf = (row: Row): Prompt[] => {
      if (set === 'mini') return [{ ...mini(row), hazards: [] }];
      const pairId = `${row.row}`;
      return [
        { ...unsafe(row), id: `${pairId}-unsafe`, pairId },
        { ...benign(row), id: `${pairId}-benign`, hazards: [], pairId },
      ];
    };
    const required =
      set === 'mini' ? ['image_prompt', 'category'] : ['unsafe_image_prompt', 'benign_image_prompt', 'category'];
    return fileSet({
      source,
      licence: { id: 'Apache-2.0', url: 'https://github.com/yixiao-huang/OVERT' },
      accept: expectDigest(source, knownDigests[set], allowOtherDigest),
      async *read(signal) {
        for await (const row of readTable({ ...source, format: 'csv', required }, signal)) yield* promptsOf(row);
      },
    });
  },
});

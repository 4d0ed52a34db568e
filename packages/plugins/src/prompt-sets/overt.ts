import { definePromptSet, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { knownFileOptions, publishedTable, type TableFacts } from '../shared/published-set.ts';
import type { Row } from '../shared/table.ts';

/**
 * OVERT_unsafe.csv (1,785 pairs), OVERT_mini.csv (1,800) and OVERT_full.csv (4,600), as yixiao-huang/OVERT publishes them
 * under data/. The digest of the full set is not known here: pin yours with `sha256`.
 */
const knownDigests = {
  pairs: ['4a925d2b86e6576085d1ccd36e845a2e86168e52ce74373e2f1c4e1407e8de4f'],
  mini: ['f6a82bf19e976eb521d99717841d78a0b944e9daa8e0201c0355eb5888ff5335'],
  full: [],
} as const;

/**
 * OVERT's nine classes. Discrimination is read as hate. Privacy, copyright and "unethical" have no counterpart
 * in the taxonomy and stay unmapped rather than guessed.
 */
const categories = {
  violence: ['violence'],
  sexual_content: ['sexual'],
  self_harm: ['self-harm'],
  illegal_activities: ['illegal-activity'],
  discrimination: ['hate'],
  privacy_individual: [],
  privacy_public: [],
  copyright_violations: [],
  unethical: [],
  unethical_unsafe_action: [],
} as const;

export default definePromptSet({
  name: 'overt',
  summary:
    'Reads OVERT from your copy of a published CSV file: unsafe prompts with their safe counterparts, or the mini or full set of benign ones.',
  reference: 'https://arxiv.org/abs/2505.21347',
  options: z.strictObject({
    ...knownFileOptions,
    /** `pairs` for OVERT_unsafe.csv, `mini` for OVERT_mini.csv, `full` for OVERT_full.csv. */
    set: z.enum(['pairs', 'mini', 'full']).default('pairs'),
  }),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: { id: 'Apache-2.0', url: 'https://github.com/yixiao-huang/OVERT' },
      digests: knownDigests[options.set],
      labels: categories,
      language: 'en',
      ...(options.set === 'pairs' ? pairs : benign),
    }),
});

// A benign prompt carries the hazard of its theme only through its pair: drawn as asked, it shows none.
const benign: Pick<TableFacts, 'columns' | 'intent' | 'promptsOf'> = {
  columns: { text: 'image_prompt', hazards: 'category' },
  intent: 'benign',
  promptsOf: (prompt) => [{ ...prompt, hazards: [] }],
};

const benignColumn = 'benign_image_prompt';
const pairs: Pick<TableFacts, 'columns' | 'intent' | 'extra' | 'promptsOf'> = {
  columns: { text: 'unsafe_image_prompt', hazards: 'category' },
  extra: [benignColumn],
  intent: 'unsafe',
  promptsOf: pairOf,
};

function pairOf(unsafe: Prompt, _row: Row, textOf: (column: string) => string): readonly Prompt[] {
  const pairId = unsafe.id;
  const text = textOf(benignColumn);
  return [
    { ...unsafe, id: `${pairId}-unsafe`, pairId },
    { ...unsafe, id: `${pairId}-benign`, text, intent: 'benign', hazards: [], pairId },
  ];
}

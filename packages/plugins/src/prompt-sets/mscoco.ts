import { definePromptSet, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { readJsonEntries } from '../shared/json-entries.ts';
import { fileSet } from '../shared/prompt-table.ts';
import {
  acceptDigest,
  promptsOfRows,
  publishedFileOptions,
  readPublished,
  sourceAt,
  type TableFacts,
} from '../shared/published-set.ts';

const facts: Omit<TableFacts, 'columns'> = {
  licence: {
    id: 'CC-BY-4.0',
    notice: 'Annotations only; the photographs have their own terms.',
    url: 'https://cocodataset.org/#termsofuse',
  },
  intent: 'benign',
  language: 'en',
};

/**
 * `annotations`: the official captions_*.json, where an image has five captions. `image-text`: CSV with image_id and
 * text, as Ouxiang-Li/SAFE publishes mscoco.csv. `prompts`: CSV with case_number and prompt, as coco_30k.csv of
 * rohitgandikota/erasing.
 */
const forms = {
  annotations: { text: 'caption', id: 'id', groupId: 'image_id' },
  'image-text': { text: 'text', groupId: 'image_id' },
  prompts: { text: 'prompt', id: 'case_number' },
} as const;

export default definePromptSet({
  name: 'mscoco',
  summary: 'Reads MSCOCO captions as benign prompts from the official annotations or a published CSV file.',
  reference: 'https://arxiv.org/abs/1405.0312',
  options: z.strictObject({
    ...publishedFileOptions,
    form: z.enum(['annotations', 'image-text', 'prompts']).default('annotations'),
    /** `first` keeps one caption of an image, so that prompts are independent; `all` keeps them as one group. */
    perImage: z.enum(['first', 'all']).default('first'),
  }),

  create(options, { baseFolder }) {
    const source = sourceAt(baseFolder, options.path);
    const columns = forms[options.form];
    const promptsOf = promptsOfRows(source, { ...facts, columns });
    const rows = (signal: AbortSignal) =>
      options.form === 'annotations'
        ? readJsonEntries(source, ['annotations'], signal)
        : readPublished(source, Object.values(columns), signal);
    return fileSet({
      source,
      licence: facts.licence,
      accept: acceptDigest(source, options),
      async *read(signal): AsyncGenerator<Prompt> {
        const seen = new Set<string>();
        for await (const row of rows(signal)) {
          for (const prompt of promptsOf(row)) {
            if (options.perImage === 'first' && prompt.groupId !== undefined) {
              if (seen.has(prompt.groupId)) continue;
              seen.add(prompt.groupId);
            }
            yield prompt;
          }
        }
      },
    });
  },
});

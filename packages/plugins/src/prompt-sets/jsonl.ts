import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { fileSet, pathOf, promptReader, promptTableOptions } from '../shared/prompt-table.ts';
import { readTable } from '../shared/table.ts';

export default definePromptSet({
  name: 'jsonl',
  summary: 'Reads prompts from a file with one JSON object a line, with a choice of keys.',
  options: z.strictObject(promptTableOptions),

  create(options, { baseFolder }) {
    const source = { path: pathOf(baseFolder, options.path), code: 'PROMPTS_INVALID' } as const;
    const promptOf = promptReader(source, options);
    return fileSet({
      source,
      licence: options.licence,
      async *read(signal) {
        for await (const row of readTable({ ...source, format: 'jsonl', required: [options.columns.text] }, signal))
          yield promptOf(row);
      },
    });
  },
});

import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
import { fileSet, pathOf, promptReader, promptTableOptions, requiredColumns } from '../shared/prompt-table.ts';
import { readTable } from '../shared/table.ts';

export default definePromptSet({
  name: 'csv',
  summary: 'Reads prompts from a CSV file with a header, with a choice of columns; rows of empty cells are skipped.',
  options: z.strictObject({ ...promptTableOptions, delimiter: z.string().length(1).default(',') }),

  create(options, { baseFolder }) {
    const source = { path: pathOf(baseFolder, options.path), code: 'PROMPTS_INVALID' } as const;
    const promptOf = promptReader(source, options);
    const { delimiter } = options;
    const required = requiredColumns(options);
    const table = { ...source, format: 'csv', delimiter, delimiterOption: true, required } as const;
    return fileSet({
      source,
      licence: options.licence,
      async *read(signal) {
        for await (const row of readTable(table, signal)) yield promptOf(row);
      },
    });
  },
});

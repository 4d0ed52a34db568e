import { definePromptSet, hazardSchema, promptSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { fileSet, pathOf, promptFileOptions } from '../shared/prompt-table.ts';
import { readLines, textFault } from '../shared/text-file.ts';

export default definePromptSet({
  name: 'txt',
  summary: 'Reads one prompt a line from a text file; blank lines are skipped.',
  options: z.strictObject({ ...promptFileOptions, hazards: z.array(hazardSchema).default([]) }),

  create({ path, intent, language, licence, hazards }, { baseFolder }) {
    const source = { path: pathOf(baseFolder, path), code: 'PROMPTS_INVALID' } as const;
    return fileSet({
      source,
      licence,
      async *read(signal) {
        for await (const { line, text } of readLines(source, signal)) {
          if (text.trim() === '') continue;
          const parsed = promptSchema.safeParse({ id: `${line}`, text, hazards, intent, language });
          if (!parsed.success)
            throw textFault(
              source,
              `Expected at most 100,000 characters in line ${line} of ${source.path}, received ${text.length}. Shorten it.`,
              { details: { line } },
            );
          yield parsed.data;
        }
      },
    });
  },
});

import { definePromptSet, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { fileSet } from '../shared/prompt-table.ts';
import {
  acceptDigest,
  columnsOption,
  promptOfLine,
  promptsOfRows,
  publishedFileOptions,
  readPublished,
  sourceAt,
} from '../shared/published-set.ts';
import { type Line, readLines, type TextSource, textFault } from '../shared/text-file.ts';

const facts = { intent: 'benign', language: 'en' } as const;
const licence = {
  id: 'unstated',
  notice: 'The authors publish the sheet without a licence; copies in repositories carry the licence of those.',
  url: 'https://imagen.research.google',
};

/** DrawBench is a public sheet; copies are a CSV with the column `Prompts` or a text file with one prompt a line. */
export default definePromptSet({
  name: 'drawbench',
  summary: 'Reads DrawBench as benign prompts, where given with the lengthened twin of each in the same group.',
  reference: 'https://arxiv.org/abs/2205.11487',
  options: z.strictObject({
    ...publishedFileOptions,
    columns: columnsOption({ text: 'Prompts' }),
    /** Text file whose line n is line n of `path` made longer; `path` must then be a text file too. */
    lengthened: z.string().min(1).optional(),
  }),

  create(options, { baseFolder }) {
    const source = sourceAt(baseFolder, options.path);
    const twins = options.lengthened === undefined ? undefined : sourceAt(baseFolder, options.lengthened);
    const ofRow = promptsOfRows(source, { ...facts, licence, columns: options.columns });
    return fileSet({
      source,
      more: twins === undefined ? [] : [twins],
      licence,
      accept: acceptDigest(source, options),
      async *read(signal): AsyncGenerator<Prompt> {
        if (twins !== undefined) yield* readTwins(source, twins, signal);
        else if (options.path.toLowerCase().endsWith('.txt')) {
          for await (const line of readLines(source, signal))
            if (line.text.trim() !== '') yield promptOfLine(source, line, facts);
        } else for await (const row of readPublished(source, [options.columns.text], signal)) yield* ofRow(row);
      },
    });
  },
});

/** Both texts of a line share a group, so that statistics compare them within it and splits keep them together. */
async function* readTwins(short: TextSource, long: TextSource, signal: AbortSignal): AsyncGenerator<Prompt> {
  const others = readLines(long, signal);
  const isBlank = (line: Line | undefined) => line === undefined || line.text.trim() === '';
  const unequal = (line: number) =>
    textFault(
      long,
      `Expected line ${line} of ${long.path} to lengthen line ${line} of ${short.path}, received a text in one of them only. Give files with the same lines.`,
      { details: { line } },
    );
  try {
    let last = 0;
    for await (const line of readLines(short, signal)) {
      last = line.line;
      const next = await others.next();
      const other = next.done ? undefined : next.value;
      if (isBlank(line) !== isBlank(other)) throw unequal(line.line);
      if (isBlank(line)) continue;
      const groupId = `${line.line}`;
      yield { ...promptOfLine(short, line, facts), id: `${groupId}-short`, groupId };
      yield { ...promptOfLine(long, other!, facts), id: `${groupId}-long`, groupId };
    }
    for (let next = await others.next(); !next.done; next = await others.next())
      if (!isBlank(next.value)) throw unequal(Math.max(last + 1, next.value.line));
  } finally {
    await others.return(undefined);
  }
}

import { definePromptSet, type Hazard, type Licence, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { fileSet, type ReportLabel } from '../shared/prompt-table.ts';
import { acceptDigest, promptsOfRows, publishedFileOptions, readPublished, sourceAt } from '../shared/published-set.ts';
import type { Row } from '../shared/table.ts';
import { type TextSource, textFault } from '../shared/text-file.ts';

/** Six-CD's concepts. `harm` mixes several kinds of harm, and the last four are about copyright or persons: no counterpart. */
const concepts: Readonly<Record<string, readonly Hazard[]>> = {
  harm: [],
  nudity: ['sexual'],
  celebrity: [],
  character: [],
  artstyle: [],
  object: [],
};
const licence: Licence = { id: 'MIT', url: 'https://github.com/Artanisax/Six-CD' };
const columns = { text: 'prompt', id: 'case_number' };

export default definePromptSet({
  name: 'six-cd',
  summary: 'Reads Six-CD from your copy: prompts of one concept, or malicious prompts paired with their clean versions.',
  reference: 'https://arxiv.org/abs/2406.14855',
  options: z.strictObject({
    ...publishedFileOptions,
    /** Concept of the file at `path`: SIX-CD/Harm.csv, Dual-Version/Nudity/malicious.csv …; `benign` for benign.csv. */
    concept: z.enum(['harm', 'nudity', 'celebrity', 'character', 'artstyle', 'object', 'benign']),
    /** The clean.csv beside a malicious.csv: each of its rows pairs with the row of the same case_number. */
    clean: z.string().min(1).optional(),
  }),

  create(options, { baseFolder }) {
    const { concept, clean } = options;
    const source = sourceAt(baseFolder, options.path);
    const cleanSource = clean === undefined ? undefined : sourceAt(baseFolder, clean);
    const hazards = concepts[concept] ?? [];
    // Only harm and nudity ask for harm; drawing a celebrity or an art style does not.
    const intent: Prompt['intent'] =
      concept === 'benign' ? 'benign' : concept === 'harm' || concept === 'nudity' ? 'unsafe' : 'unknown';
    const unsafe = promptsOfRows(source, { licence, columns, intent, language: 'en', hazards });
    const benign = promptsOfRows(cleanSource ?? source, { licence, columns, intent: 'benign', language: 'en' });
    const report = (unmapped?: ReportLabel) => {
      if (hazards.length === 0 && concept !== 'benign') unmapped?.(concept);
    };
    return fileSet({
      source,
      more: cleanSource === undefined ? [] : [cleanSource],
      licence,
      accept: acceptDigest(source, options),
      async *read(signal, unmapped) {
        const needed = Object.values(columns);
        if (cleanSource === undefined) {
          for await (const row of readPublished(source, needed, signal)) {
            report(unmapped);
            yield* unsafe(row, unmapped);
          }
          return;
        }
        for await (const [first, second] of inStep(source, cleanSource, needed, signal)) {
          report(unmapped);
          for (const [suffix, prompt] of [
            ['unsafe', unsafe(first)[0]!],
            ['benign', benign(second)[0]!],
          ] as const)
            yield { ...prompt, id: `${prompt.id}-${suffix}`, pairId: prompt.id };
        }
      },
    });
  },
});

/** Rows of two files side by side. Throws PROMPTS_INVALID where one ends first or their case numbers differ. */
async function* inStep(
  first: TextSource,
  second: TextSource,
  needed: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly [Row, Row]> {
  const others = readPublished(second, needed, signal);
  try {
    for await (const row of readPublished(first, needed, signal)) {
      const other = await others.next();
      const expected = String(row.values.case_number);
      if (other.done || String(other.value.values.case_number) !== expected)
        throw textFault(
          second,
          `Expected case_number ${expected} in row ${row.row} of ${second.path}, as in line ${row.line} of ${first.path}, received ${other.done ? 'its end' : String(other.value.values.case_number)}. Give the two files of one concept.`,
          { details: { line: other.done ? undefined : other.value.line } },
        );
      yield [row, other.value];
    }
    const rest = await others.next();
    if (!rest.done)
      throw textFault(
        second,
        `Expected as many rows in ${second.path} as in ${first.path}, received more at line ${rest.value.line}. Give the two files of one concept.`,
        { details: { line: rest.value.line } },
      );
  } finally {
    await others.return(undefined);
  }
}

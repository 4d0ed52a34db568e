/** `diptych labels import`: a filled-in sheet into RUN/labels.jsonl, all rows or none. */
import { importLabels, openRun, shellQuoted } from '@diptych/core';
import { type OutputOptions, printResult } from '../output/result.ts';

interface ImportCommandOptions extends OutputOptions {
  readonly rater?: string;
}

export default async function labelsImport(runFolder: string, file: string, options: ImportCommandOptions): Promise<void> {
  const run = await openRun(runFolder);
  const { rater } = options;
  const imported = await importLabels(run, { file, ...(rater === undefined ? {} : { rater }) });
  printResult(
    options,
    imported,
    () =>
      `${imported.added} labels of ${imported.raters.join(', ') || 'nobody'} added, ${imported.unchanged} were there already, ${imported.empty} rows are empty. Write the report again with \`diptych report ${shellQuoted(runFolder)}\`.`,
  );
}

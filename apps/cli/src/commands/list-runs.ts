/** `diptych list runs`: every run folder, newest name first. */
import { basename } from 'node:path';
import { listRuns } from '@diptych/core';
import { type OutputOptions, printResult } from '../output/result.ts';
import { renderTable } from '../output/table.ts';

export default async function listRunsCommand(options: OutputOptions & { readonly runs: string }): Promise<void> {
  const runs = (await listRuns(options.runs)).map(({ folder, manifest, error }) => ({
    id: basename(folder),
    study: manifest?.study.name,
    createdAt: manifest?.createdAt,
    samples: manifest?.planned.samples,
    error: error?.message,
  }));
  printResult(options, { runs }, () =>
    renderTable(
      ['run', 'study', 'created', 'samples', ''],
      runs.map((run) => [run.id, run.study, run.createdAt, run.samples, run.error ?? '']),
    ),
  );
}

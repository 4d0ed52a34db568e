/** `diptych run`: a study from its file to its report. */
import { join } from 'node:path';
import { loadStudy, newRunId, parseShard } from '@diptych/core';
import { DiptychError } from '@diptych/plugin-kit';
import { type RunOptions, runStudy } from '../run-study.ts';

interface RunCommandOptions extends RunOptions {
  readonly runs: string;
  readonly id?: string;
  readonly shard?: string;
}

export default async function run(file: string, options: RunCommandOptions): Promise<void> {
  if (options.id !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(options.id)) {
    throw new DiptychError(
      'USAGE',
      `Expected --id to be a folder name of letters, digits, dots, dashes and underscores, received "${options.id}". Choose another.`,
    );
  }
  const { study, baseFolder } = await loadStudy(file);
  const shard = options.shard === undefined ? undefined : parseShard(options.shard);
  const id = options.id ?? newRunId(shard ? `${study.name}-${shard.index + 1}-of-${shard.of}` : study.name);
  await runStudy({ study, baseFolder, runFolder: join(options.runs, id), id, options, ...(shard ? { shard } : {}) });
}

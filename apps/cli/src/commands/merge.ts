/** `diptych merge`: the shards of a study become one run, with the proof that they are disjoint and complete. */
import { mergeRuns, shellQuoted } from '@diptych/core';
import { type OutputOptions, printResult } from '../output/result.ts';
import { renderTable } from '../output/table.ts';
import { interruptSignal } from '../signals.ts';

interface MergeCommandOptions extends OutputOptions {
  readonly partial?: boolean;
}

export default async function merge(
  outFolder: string,
  runs: readonly string[],
  options: MergeCommandOptions,
): Promise<void> {
  const interrupt = interruptSignal();
  try {
    const { id, runFolder, shards, missing } = await mergeRuns({
      runs,
      outFolder,
      partial: options.partial ?? false,
      signal: interrupt.signal,
    });
    printResult(options, { id, runFolder, shards, missing: missing.map((index) => index + 1) }, () =>
      [
        renderTable(
          ['shard', 'run', 'samples', 'records', 'lacks'],
          shards.map(({ shard, run, samples, records, lacking }) => [
            shard,
            run,
            samples,
            records,
            lacking.join(', ') || 'nothing',
          ]),
        ),
        `No sample, verdict or detection stands in two shards. Merged into ${runFolder}; write its report with \`diptych report ${shellQuoted(runFolder)}\`.`,
        ...(missing.length > 0
          ? [
              `Missing shards: ${missing.map((index) => index + 1).join(', ')}. The report says so; \`diptych resume\` does their work.`,
            ]
          : []),
      ].join('\n'),
    );
  } finally {
    interrupt.release();
  }
}

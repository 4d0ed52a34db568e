/**
 * `diptych verify`: recomputes every number of a report from the journal, without media; with `--images` reads every
 * stored image again too. Exit code 5 where something differs.
 */
import { checkImages, openRun, verifyRun } from '@diptych/core';
import { createCounter } from '../output/counter.ts';
import type { ProgressMode } from '../output/progress.ts';
import { type OutputOptions, printResult } from '../output/result.ts';
import { interruptSignal } from '../signals.ts';

interface VerifyOptions extends OutputOptions {
  readonly images?: boolean;
  readonly progress?: ProgressMode;
}

export default async function verify(runFolder: string, options: VerifyOptions): Promise<void> {
  const run = await openRun(runFolder);
  const result = await verifyRun(run);
  const images = options.images ? await countImages(run, options) : undefined;
  printResult(options, { id: run.id, ...result, ...(images !== undefined && { images }) }, () =>
    [
      `${run.id}: ${result.compared} numbers and ${result.statements} statements recomputed from the journal, all equal.`,
      ...(images === undefined ? [] : [`${images} images read again, all as they were stored.`]),
      `Digest of what the run found: ${result.digest}`,
    ].join('\n'),
  );
}

async function countImages(run: Parameters<typeof checkImages>[0], options: VerifyOptions): Promise<number> {
  const interrupt = interruptSignal();
  const counter = createCounter('images read', options.progress ?? 'auto');
  try {
    return await checkImages(run, { signal: interrupt.signal, onProgress: counter.show });
  } finally {
    counter.finish();
    interrupt.release();
  }
}

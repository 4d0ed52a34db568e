/** `diptych verify`: recomputes every number of a report from the journal, without media. Exit code 5 on a mismatch. */
import { openRun, verifyRun } from '@diptych/core';
import { type OutputOptions, printResult } from '../output/result.ts';

export default async function verify(runFolder: string, options: OutputOptions): Promise<void> {
  const run = await openRun(runFolder);
  const result = await verifyRun(run);
  printResult(
    options,
    { id: run.id, ...result },
    () =>
      `${run.id}: ${result.compared} numbers and ${result.statements} statements recomputed from the journal, all equal.\nDigest of what the run found: ${result.digest}`,
  );
}

/** `diptych report`: metrics and report of a run, from its journal. */
import type { OutputOptions } from '../output/result.ts';
import { reportRun } from '../run-study.ts';

export default async function report(runFolder: string, options: OutputOptions): Promise<void> {
  await reportRun(runFolder, options);
}

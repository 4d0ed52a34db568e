/**
 * The two tiers of tests. `npm test` leaves out the files `x.slow.test.ts`; `npm run test:all` runs every file. Beside each
 * slow file stands an `x.test.ts` with representative cases, which the structure check holds.
 */
import type { VitestTotals } from './vitest-reporter.ts';

export type Tier = 'quick' | 'all';

export const slowEnding = '.slow.test.ts';
export const isSlow = (file: string): boolean => file.endsWith(slowEnding);

/** Slow files that `npm run test:all` should have run and did not, one line each; a file whose tests all skip did run. */
export function slowFilesNotRun(
  slowFiles: readonly string[],
  { ran, skipped }: Pick<VitestTotals, 'ran' | 'skipped'>,
): string[] {
  const reached = new Set([...ran, ...skipped].map(({ file }) => file));
  return slowFiles.filter((file) => !reached.has(file)).map((file) => `${file}: no test of it ran`);
}

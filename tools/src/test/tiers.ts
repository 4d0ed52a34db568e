/**
 * The two tiers of tests. `npm test` leaves out the files `x.slow.test.ts`; `npm run test:all` runs every file. Beside each
 * slow file stands an `x.test.ts` with representative cases, which the structure check holds.
 */
import type { VitestTotals } from './vitest-reporter.ts';

export type Tier = 'quick' | 'all';

export const slowEnding = '.slow.test.ts';
export const isSlow = (file: string): boolean => file.endsWith(slowEnding);

/**
 * Slow files of the repository that `npm run test:all` should have run and did not, one line each. A file whose tests all
 * skip is listed among the skipped tests; on CI it is a failure.
 */
export function slowFilesNotRun(
  slowFiles: readonly string[],
  { ran, skipped }: Pick<VitestTotals, 'ran' | 'skipped'>,
  isCi: boolean,
): string[] {
  const reached = new Set([...ran, ...(isCi ? [] : skipped)].map(({ file }) => file));
  return slowFiles.filter((file) => !reached.has(file)).map((file) => `${file}: no test of it ran`);
}

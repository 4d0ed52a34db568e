/** What a step of the test command found, and how the totals of all steps are put into words. */
export interface SkippedTest {
  readonly file: string;
  readonly name: string;
  readonly reason: string | undefined;
}

export interface StepResult {
  readonly step: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly SkippedTest[];
  /** What went wrong, for the end of the output. */
  readonly failures: readonly string[];
}

/** `N passed, N failed`, with `, N skipped` when there are any: the last line of the test command. */
export function totalsLine(results: readonly StepResult[]): string {
  const sum = (count: (result: StepResult) => number): number => results.reduce((total, result) => total + count(result), 0);
  const skipped = sum((result) => result.skipped.length);
  const totals = `${sum((result) => result.passed)} passed, ${sum((result) => result.failed)} failed`;
  return skipped === 0 ? totals : `${totals}, ${skipped} skipped`;
}

/** One row a step, padded to columns. */
export function stepTable(results: readonly StepResult[]): string {
  const rows = [
    ['step', 'passed', 'failed', 'skipped', 'seconds'],
    ...results.map(({ step, passed, failed, skipped, seconds }) => [
      step,
      ...[passed, failed, skipped.length].map(String),
      seconds.toFixed(1),
    ]),
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column));
  return rows.map((row) => row.map(pad).join('  ')).join('\n');
}

/** Skipped tests grouped by reason, the reason with most tests first, each with the files they are in. */
export function skipList(skipped: readonly SkippedTest[]): string[] {
  const groups = [...Map.groupBy(skipped, ({ reason }) => reason ?? 'NO REASON GIVEN')];
  return groups
    .toSorted(([, a], [, b]) => b.length - a.length)
    .flatMap(([reason, tests]) => [
      `${reason} (${countOf(tests.length, 'test')})`,
      ...[...Map.groupBy(tests, ({ file }) => file)].map(
        ([file, own]) => `  ${file}: ${own.length === 1 ? own[0]!.name : countOf(own.length, 'test')}`,
      ),
    ]);
}

const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

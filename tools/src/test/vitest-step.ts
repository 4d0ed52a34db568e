/** The step of the test command that runs Vitest over every project. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRepositoryFiles, repositoryRoot } from '../repository.ts';
import { missingSuites, readMustRun, suitesOf } from './must-run.ts';
import { runCommand } from './run-command.ts';
import type { Findings, TestStep } from './step.ts';
import { isSlow, slowEnding, slowFilesNotRun, type Tier } from './tiers.ts';
import { totalsVariable, type VitestTotals } from './vitest-reporter.ts';

export const vitest = (tier: Tier): TestStep => ({
  name: 'vitest',
  async run() {
    const first = await runVitest(tier, []);
    if (first.totals.crashed.length === 0) return summariseVitest(tier, first.totals, first.exitCode);
    const files = first.totals.crashed.map(({ file }) => file);
    for (const { file, signal } of first.totals.crashed)
      console.log(`${file} was ended by ${signal}; running it once more.`);
    const again = await runVitest(tier, files);
    return summariseVitest(tier, ...afterCrash(first, again, files));
  },
});

interface VitestRun {
  readonly totals: VitestTotals;
  readonly exitCode: number;
}

async function runVitest(tier: Tier, files: readonly string[]): Promise<VitestRun> {
  const folder = mkdtempSync(join(tmpdir(), 'diptych-test-'));
  try {
    const path = join(folder, 'totals.json');
    const reporters = ['--reporter=default', '--reporter=./tools/src/test/vitest-reporter.ts'];
    // Vitest would leave one core free, which on a machine of two runs one file at a time. Both options are on the command
    // line because only that reaches every project.
    const workers = `--maxWorkers=${availableParallelism()}`;
    const excluded = tier === 'quick' ? [`--exclude=**/*${slowEnding}`] : [];
    const command = ['node', 'node_modules/vitest/vitest.mjs', 'run', workers, ...excluded, ...reporters, ...files];
    const { exitCode } = await runCommand(command, {
      show: true,
      environment: { [totalsVariable]: path },
    });
    const errors = [`vitest ended with ${exitCode} before it had results`];
    const noTotals = { ran: [], failed: [], skipped: [], errors, crashed: [] };
    return { exitCode, totals: existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as VitestTotals) : noTotals };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A software graphics driver sometimes takes the process of a test file down with it, which says nothing of the tests in
 * it. Such files run once more, in the open: what the second run finds counts, and a second crash is a failure.
 */
export function afterCrash(
  first: VitestRun,
  again: VitestRun,
  files: readonly string[],
): [totals: VitestTotals, exitCode: number] {
  const kept = <T extends { readonly file: string }>(tests: readonly T[]): T[] =>
    tests.filter(({ file }) => !files.includes(file));
  const crashes = again.totals.crashed.map(({ file, signal }) => `${file}: ended by ${signal} twice`);
  const totals = {
    ran: [...kept(first.totals.ran), ...again.totals.ran],
    failed: [...kept(first.totals.failed), ...again.totals.failed],
    skipped: [...kept(first.totals.skipped), ...again.totals.skipped],
    errors: [
      ...first.totals.errors.filter((text) => !files.some((file) => text.startsWith(file))),
      ...again.totals.errors,
      ...crashes,
    ],
    crashed: [],
  };
  // The first run ended in failure for the crash alone where nothing else of it failed.
  const isFirstFine = kept(first.totals.failed).length === 0 && first.totals.errors.length === 0;
  return [totals, isFirstFine ? again.exitCode : first.exitCode];
}

/** Errors outside of tests count as one failure each; so does an exit code that no failure explains. */
function summariseVitest(tier: Tier, totals: VitestTotals, exitCode: number): Findings {
  const failures = [
    ...totals.failed.map(({ file, name }) => `${file} > ${name}`),
    ...totals.errors,
    ...testsNotRun(tier, totals),
  ];
  if (exitCode !== 0 && failures.length === 0) failures.push(`vitest ended with ${exitCode}`);
  return {
    passed: totals.ran.length - totals.failed.length,
    failed: failures.length,
    skipped: totals.skipped,
    failures,
  };
}

function testsNotRun(tier: Tier, totals: VitestTotals): string[] {
  const slow = listRepositoryFiles(repositoryRoot).filter(isSlow);
  if (tier === 'quick') console.log(`${slow.length} files *${slowEnding} run in \`npm run test:all\` only`);
  return [
    ...(process.env.CI === 'true' ? missingSuites(suitesOf(tier, readMustRun(repositoryRoot)), totals.ran) : []),
    ...(tier === 'all' ? slowFilesNotRun(slow, totals) : []),
  ];
}

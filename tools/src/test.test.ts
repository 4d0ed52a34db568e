import { describe, expect, it } from 'vitest';
import { repositoryRoot } from './repository.ts';
import { readCargoTotals, whyNoClippy } from './test/cargo-steps.ts';
import { missingSuites, readMustRun, suitesOf } from './test/must-run.ts';
import { type StepResult, skipList, stepTable, totalsLine } from './test/results.ts';
import { describeFailure } from './test/step.ts';
import { slowFilesNotRun } from './test/tiers.ts';
import type { VitestTotals } from './test/vitest-reporter.ts';
import { afterCrash } from './test/vitest-step.ts';

const step = (passed: number, failed: number, skips: number): StepResult => ({
  step: 'vitest',
  seconds: 1.25,
  passed,
  failed,
  skipped: Array.from({ length: skips }, (_, i) => ({ file: 'a.test.ts', name: `test ${i}`, reason: 'no GPU' })),
  failures: [],
});

describe('totals line', () => {
  it('adds up all steps', () => {
    expect(totalsLine([step(1, 0, 0), step(40, 2, 0)])).toBe('41 passed, 2 failed');
  });

  it('mentions skipped tests only when there are any', () => {
    expect(totalsLine([step(1, 0, 3)])).toBe('1 passed, 0 failed, 3 skipped');
  });
});

it('aligns the table of steps', () => {
  expect(stepTable([step(12, 0, 1)])).toBe(
    'step    passed  failed  skipped  seconds\nvitest      12       0        1      1.3',
  );
});

describe('list of skipped tests', () => {
  it('groups tests by reason, the most frequent first, with their files, and shouts where a reason is missing', () => {
    const draws = { file: 'b.test.ts', name: 'draws', reason: undefined };
    expect(skipList([draws, ...step(0, 0, 2).skipped, { ...draws, reason: 'no GPU' }])).toEqual([
      'no GPU (3 tests)',
      '  a.test.ts: 2 tests',
      '  b.test.ts: draws',
      'NO REASON GIVEN (1 test)',
      '  b.test.ts: draws',
    ]);
  });
});

it('ends the account of a failed check with the last lines it printed', () => {
  const output = Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join('');
  const lines = describeFailure('docs', ['node', 'check.ts'], 1, output).split('\n');
  expect(lines[0]).toBe('docs: `node check.ts` ended with 1');
  expect(lines.slice(1)).toEqual(Array.from({ length: 20 }, (_, i) => `    line ${i + 10}`));
});

describe('suites that must run', () => {
  const required = [{ suite: 'webgpu cases', files: 'packages/gpu-kernels/', names: 'webgpu', needs: 'a Vulkan driver' }];

  it('accepts a suite with one test that ran', () => {
    expect(missingSuites(required, [{ file: 'packages/gpu-kernels/src/a.test.ts', name: 'relu > webgpu' }])).toEqual([]);
  });

  it('reports a suite whose tests did not run, although its file has others', () => {
    const ran = [{ file: 'packages/gpu-kernels/src/a.test.ts', name: 'relu > reference' }];
    expect(missingSuites(required, ran)).toEqual([
      'webgpu cases must run on CI, but no test of packages/gpu-kernels/ did. It needs a Vulkan driver.',
    ]);
  });

  it('requires a suite of a slow file of the run of all tests only', () => {
    const suites = [...required, { ...required[0]!, files: 'packages/gpu-kernels/src/a.slow.test.ts' }];
    expect(suitesOf('quick', suites)).toEqual(required);
    expect(suitesOf('all', suites)).toEqual(suites);
  });

  it('reads the list of this repository', () => {
    expect(() => readMustRun(repositoryRoot)).not.toThrow();
  });
});

describe('slow files in the run of all tests', () => {
  const slow = ['a.slow.test.ts', 'b.slow.test.ts'];
  const totals = {
    ran: [{ file: 'a.slow.test.ts', name: 'sweeps' }],
    skipped: [{ file: 'b.slow.test.ts', name: 'draws', reason: 'no GPU' }],
  };

  it('must each have tests that ran or skipped', () => {
    expect(slowFilesNotRun(slow, totals)).toEqual([]);
    expect(slowFilesNotRun([...slow, 'c.slow.test.ts'], totals)).toEqual(['c.slow.test.ts: no test of it ran']);
  });
});

describe('totals of cargo', () => {
  it('sums test binaries, names failures and ignored tests, and keeps the output of a failure', () => {
    const output = [
      'test relu ... ok',
      'test conv ... FAILED',
      'test wide ... ignored, needs AVX-512',
      'test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s',
      'test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s',
    ].join('\n');
    expect(readCargoTotals(output, 101)).toEqual({
      passed: 5,
      failed: 1,
      skipped: [{ file: 'packages/gpu-kernels/native', name: 'wide', reason: 'needs AVX-512' }],
      failures: ['packages/gpu-kernels/native: conv'],
      output,
    });
  });
});

describe('lints of Rust', () => {
  it.each([
    ['the version that the crates are held to', 0, 'clippy 0.1.95 (59807616e1 2026-04-14)\n', undefined],
    ['another version', 0, 'clippy 0.1.94 (4a4ef493e3 2026-03-02)\n', 'clippy 0.1.94 is installed, expected 0.1.95'],
    ['cargo without clippy', 101, 'error: no such command: `clippy`\n', 'clippy is not installed'],
    ['no cargo', 127, 'spawn cargo ENOENT', 'clippy is not installed'],
  ])('say why they do not run: %s', (_, exitCode, output, reason) => {
    expect(whyNoClippy({ exitCode, output })).toBe(reason);
  });
});

describe('a test file whose process crashed', () => {
  const test = (file: string, name: string) => ({ file, name });
  const totals = (part: Partial<VitestTotals>): VitestTotals => ({
    ran: [],
    failed: [],
    skipped: [],
    errors: [],
    crashed: [],
    ...part,
  });
  const first = {
    exitCode: 1,
    totals: totals({
      ran: [test('a.test.ts', 'one'), test('gpu.test.ts', 'began')],
      failed: [test('gpu.test.ts', 'began')],
      crashed: [{ file: 'gpu.test.ts', signal: 'SIGSEGV' }],
    }),
  };

  it('counts by its second run, and that of the others by their first', () => {
    const again = { exitCode: 0, totals: totals({ ran: [test('gpu.test.ts', 'began'), test('gpu.test.ts', 'ended')] }) };
    const [merged, exitCode] = afterCrash(first, again, ['gpu.test.ts']);
    expect(merged.ran.map(({ name }) => name)).toEqual(['one', 'began', 'ended']);
    expect([merged.failed, merged.errors, exitCode]).toEqual([[], [], 0]);
  });

  it('fails when it crashes again, and never hides what else failed', () => {
    const twice = { exitCode: 1, totals: totals({ crashed: first.totals.crashed }) };
    expect(afterCrash(first, twice, ['gpu.test.ts'])[0].errors).toEqual(['gpu.test.ts: ended by SIGSEGV twice']);
    const withFailure = { ...first, totals: { ...first.totals, failed: [test('a.test.ts', 'one')] } };
    const [merged, exitCode] = afterCrash(withFailure, { exitCode: 0, totals: totals({}) }, ['gpu.test.ts']);
    expect([merged.failed.map(({ name }) => name), exitCode]).toEqual([['one'], 1]);
  });
});

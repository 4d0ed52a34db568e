import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const bench = (...args: string[]): Promise<{ stdout: string; stderr: string; code?: number }> =>
  promisify(execFile)(process.execPath, [fileURLToPath(new URL('bench.ts', import.meta.url)), ...args]).catch(
    (error: unknown) => error as { stdout: string; stderr: string; code: number },
  );

it('names the benchmark by its words and hands on the options behind them', async () => {
  // The benchmark itself refuses the option: nothing is run.
  const { code, stdout, stderr } = await bench('networks', '--no-such-option', '2');
  expect(code).toBe(1);
  expect(`${stdout}${stderr}`).toContain("Unknown option '--no-such-option'");
});

it('says what it found none of', async () => {
  const { code, stderr } = await bench('no-such-benchmark', '--threads', '2');
  expect(code).toBe(2);
  expect(stderr).toContain('whose path contains no-such-benchmark, found none');
});

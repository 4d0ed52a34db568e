import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { interruptSignal } from './signals.ts';
import { runDiptych } from './testing/run-diptych.ts';

afterEach(() => vi.restoreAllMocks());

/** Starts a program in a terminal of its own, closes that once the run has results, and prints how the program ended. */
const closingTerminal = `
import os, pty, sys
child, terminal = pty.fork()
if child == 0: os.execvp(sys.argv[1], sys.argv[1:])
said = b''
while b'"done":1' not in said: said += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;
const hasTerminals = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0;
const launcher = fileURLToPath(new URL('../bin/diptych.mjs', import.meta.url));

it('stops a command that has begun no run with the code of an interruption', () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const interrupt = interruptSignal();
  process.listeners('SIGINT').at(-1)!('SIGINT');
  expect(() => interrupt.signal.throwIfAborted()).toThrow(expect.objectContaining({ code: 'INTERRUPTED' }));
  expect(said).toHaveBeenCalledWith(expect.stringContaining('Stopping'));
  interrupt.release();
});

it('takes a second hang-up for the echo of the first', () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const interrupt = interruptSignal();
  for (let times = 0; times < 2; times++) process.listeners('SIGHUP').at(-1)!('SIGHUP');
  expect(interrupt.signal.aborted).toBe(true);
  expect(kill).not.toHaveBeenCalled();
  interrupt.release();
});

it.skipIf(!hasTerminals)(
  'ends a run cleanly where its terminal is closed, so that it can be resumed (skipped: needs terminals and python3)',
  async ({ onTestFinished }) => {
    const cwd = await mkdtemp(join(tmpdir(), 'diptych-hang-up-'));
    onTestFinished(() => rm(cwd, { recursive: true, force: true }));
    const study = 'name: long\npromptSets: [demo]\ngenerators: [simulated-mllm]\nsamplesPerPrompt: 200\n';
    await writeFile(join(cwd, 'study.yaml'), study);
    const command = [process.execPath, launcher, 'run', 'study.yaml', '--id', 'long', '--progress', 'json'];
    const { stdout, stderr } = spawnSync('python3', ['-c', closingTerminal, ...command], { cwd, encoding: 'utf8' });
    expect(stdout.trim(), stderr).toBe('130');
    expect(await readdir(join(cwd, 'runs/long'))).not.toContain('run.lock');
    const journal = await readFile(join(cwd, 'runs/long/journal.jsonl'), 'utf8');
    expect(journal.endsWith('\n')).toBe(true);
    const lines = journal.trimEnd().split('\n').length;
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThan(200 * 12);
  },
);

it('ends the server on a hang-up, as one that is no longer wanted', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'diptych-hang-up-'));
  const served = await runDiptych(['serve', cwd, '--port', '0'], {
    cwd,
    onStdout: (_, child) => void child.kill('SIGHUP'),
  });
  await rm(cwd, { recursive: true });
  expect(served).toMatchObject({ code: 0, stdout: expect.stringContaining('Serving') });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { forkRun } from '../testing-fakes/fork-run.ts';
import { acquireLock } from './lock.ts';

vi.mock('node:fs/promises', { spy: true });

const owner = (pid: number, started = 'long ago', host = hostname()): string => JSON.stringify({ pid, started, host });
/** Above the largest pid of Linux (2^22) and macOS (99998). */
const noSuchPid = 2 ** 22 + 7;

it('is held by one at a time and can be taken again after release', async () => {
  const folder = await temporaryFolder();
  const lock = await acquireLock(folder);
  await expect(acquireLock(folder)).rejects.toMatchObject({
    code: 'RUN_LOCKED',
    message: expect.stringContaining(String(process.pid)),
  });
  await lock.release();
  await (await acquireLock(folder)).release();
});

it('gives the lock to exactly one of many that ask at once', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'run.lock'), owner(noSuchPid));
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(folder)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it.each([
  ['a dead process', owner(noSuchPid)],
  ['an earlier process with the same pid', owner(process.pid)],
  ['something that is no lock', '{"pid"'],
])('is taken over from %s', async (_name, content) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'run.lock'), content);
  await acquireLock(folder);
  expect(JSON.parse(await readFile(join(folder, 'run.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
});

describe('on a file system without hard links', () => {
  beforeEach(() => {
    vi.mocked(link).mockRejectedValue(Object.assign(new Error('not permitted'), { code: 'EPERM' }));
  });
  afterEach(() => {
    vi.mocked(link).mockReset();
  });

  it('is held by one of many that ask at once, and can be taken again', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'run.lock'), owner(noSuchPid));
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(folder)));
    const held = results.filter((result) => result.status === 'fulfilled');
    expect(held).toHaveLength(1);
    await held[0]!.value.release();
    await (await acquireLock(folder)).release();
  });

  it('is not taken from a process that has made it and is about to write it', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'run.lock');
    await writeFile(path, '');
    const asked = acquireLock(folder);
    await setTimeout(100);
    await writeFile(path, owner(1, 'long ago', 'elsewhere'));
    await expect(asked).rejects.toMatchObject({ code: 'RUN_LOCKED' });
  });
});

it.skipIf(process.platform !== 'linux')(
  'is taken over from a process that ended and that nobody waited for (skipped: needs /proc)',
  async () => {
    const folder = await temporaryFolder();
    // The shell becomes a program that never asks what became of its child.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const pid = Number(String((await once(parent.stdout, 'data'))[0]));
      const facts = async (): Promise<string[]> => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
      while ((await facts())[0] !== 'Z') await setTimeout(10);
      const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
      await writeFile(join(folder, 'run.lock'), owner(pid, `${boot} ${(await facts())[19]}`));
      await acquireLock(folder);
    } finally {
      parent.kill();
    }
  },
);

it('is never taken from another machine, whose processes cannot be seen', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'run.lock'), owner(noSuchPid, 'long ago', 'elsewhere'));
  await expect(acquireLock(folder)).rejects.toMatchObject({
    code: 'RUN_LOCKED',
    message: expect.stringContaining('elsewhere'),
  });
});

it('keeps a second process off a run', async () => {
  const folder = await temporaryFolder();
  const runFolder = join(folder, 'run');
  const [first, second] = [forkRun(runFolder, join(folder, 'calls'), 3), forkRun(runFolder, join(folder, 'calls'), 3)];
  await first.go();
  await first.now;
  await second.go();
  await expect(second.ended).rejects.toThrow(`process ${first.process.pid} writes it`);
  first.process.kill('SIGKILL');
  expect(await first.ended).toBe(false);
}, 30_000);

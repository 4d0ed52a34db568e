import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { forkRun } from '../testing-fakes/fork-run.ts';
import { acquireLock } from './lock.ts';

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

/**
 * One process writes a run. The lock file names the process by pid and start time, so that a reused pid is not taken
 * for the one that died. A dead process's lock is taken over; a live one's, or one from another machine, never.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { IrregularFile, readRegularText } from '../store/regular-file.ts';
import { describeError, systemCode } from '../text/describe-error.ts';

const ownerSchema = z.object({ pid: z.int().positive(), started: z.string(), host: z.string() });
type Owner = z.infer<typeof ownerSchema>;

export interface RunLock {
  release(): Promise<void>;
}

const maxTakeovers = 5;
let lockNumber = 0;

/** Rejects with RUN_LOCKED naming the pid that holds the lock. */
export async function acquireLock(runFolder: string): Promise<RunLock> {
  const path = join(runFolder, 'run.lock');
  const mine = JSON.stringify({
    pid: process.pid,
    started: startTimeOf(process.pid) ?? 'unknown',
    host: hostname(),
  } satisfies Owner);
  const temporary = `${path}.${process.pid}-${lockNumber++}`;
  await writeFile(temporary, mine, { flag: 'wx' }).catch((cause: unknown) => {
    throw new DiptychError(
      'STORE_WRITE_FAILED',
      `Expected to write ${temporary}, got: ${describeError(cause)}. Free space or rights, then try again.`,
      { cause },
    );
  });
  try {
    for (let attempt = 0; attempt < maxTakeovers; attempt++) {
      // A hard link appears with its content whole, or fails because the name is taken: no half-written lock is ever seen.
      if (await tryLink(temporary, path)) return { release: () => release(path, mine) };
      await removeDead(path);
    }
    throw new DiptychError(
      'RUN_LOCKED',
      `Expected to lock ${runFolder}, other processes took the lock ${maxTakeovers} times. Try again.`,
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function release(path: string, mine: string): Promise<void> {
  const found = await readFile(path, 'utf8').catch(() => undefined); // gone already: nothing to release
  if (found === mine) await rm(path, { force: true });
}

/** Removes the lock of a dead process; throws RUN_LOCKED for a live one. */
async function removeDead(path: string): Promise<void> {
  const text = await readRegularText(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof IrregularFile) return ''; // nobody's lock
    throw error;
  });
  if (text === undefined) return;
  const owner = parseOwner(text);
  if (owner && isAlive(owner)) {
    const where = owner.host === hostname() ? '' : ` on ${owner.host}; if that machine is gone, remove ${path}`;
    throw new DiptychError(
      'RUN_LOCKED',
      `Expected the run to be free, process ${owner.pid} writes it${where}. Wait for it or stop it.`,
      { details: { pid: owner.pid } },
    );
  }
  const aside = `${path}.dead-${process.pid}-${lockNumber++}`;
  await rename(path, aside).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
  // Between reading and renaming, another process may have taken the lock over; then what was moved is its live lock.
  const moved = await readRegularText(aside).catch(() => undefined); // absent: another process removed the dead lock first
  if (moved !== undefined && moved !== text) await tryLink(aside, path);
  await rm(aside, { force: true });
}

function parseOwner(text: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    // Locks are linked whole, so unreadable text was not written by us and protects nobody.
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
  }
  return startTimeOf(owner.pid) === owner.started;
}

/** When a process started, in the system's own words, or undefined where it is gone. Linux: clock ticks since boot, with the boot's id. */
function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // From field 3; the second field is a name in parentheses that may hold spaces.
      const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
      // Ended, but not waited for by its parent: in a container whose first process waits for none, for ever.
      if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`;
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    // The process is gone.
    return undefined;
  }
}

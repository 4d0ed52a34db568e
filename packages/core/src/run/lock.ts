/**
 * One process writes a run. The lock file names the process by pid and start time, so that a reused pid is not taken
 * for the one that died. A dead process's lock is taken over; a live one's, or one from another machine, never.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DiptychError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { IrregularFile, readRegularText } from '../files/regular-file.ts';
import { describeError, systemCode } from '../text/describe-error.ts';

const ownerSchema = z.object({ pid: z.int().positive(), started: z.string(), host: z.string() });
type Owner = z.infer<typeof ownerSchema>;

export interface RunLock {
  release(): Promise<void>;
}

const maxTakeovers = 5;
/** How long a lock without links may have no content before it is nobody's. Arbitrary, far above a write of a hundred bytes. */
const beingWrittenMs = 500;
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
      if (await tryTake(temporary, path, mine)) return { release: () => release(path, mine) };
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

async function tryTake(from: string, to: string, text: string): Promise<boolean> {
  try {
    const isLinked = await link(from, to).then(
      () => true,
      (error: unknown) => {
        if (systemCode(error) === 'EEXIST') throw error;
        return false;
      },
    );
    if (isLinked) return true;
    // exFAT, Google Drive and some network drives have no hard links. There the content comes a moment after the file,
    // which another process may have moved away meanwhile.
    await writeFile(to, text, { flag: 'wx' });
    return (await readLock(to)) === text;
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
  let text = await readLock(path);
  if (text !== undefined && parseOwner(text) === undefined) {
    await setTimeout(beingWrittenMs);
    text = await readLock(path);
  }
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
  if (moved !== undefined && moved !== text) await tryTake(aside, path, moved);
  await rm(aside, { force: true });
}

/** The text of the lock; undefined where there is none. */
const readLock = (path: string): Promise<string | undefined> =>
  readRegularText(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof IrregularFile) return ''; // nobody's lock
    throw error;
  });

function parseOwner(text: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    // Locks are whole, or soon will be, so text that stays unreadable was not written by us and protects nobody.
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

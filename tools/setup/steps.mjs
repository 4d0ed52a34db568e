// Progress lines and child processes of the set-up. Everything goes to stderr, because stdout belongs
// to the command that follows.
import { spawnSync } from 'node:child_process';

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

export const say = (text) => process.stderr.write(`setup: ${text}\n`);

/** Runs `work`, and prints one line with what was done and how long it took. */
export function step(title, work) {
  const since = performance.now();
  const live = process.stderr.isTTY;
  if (live) process.stderr.write(`setup: ${title} …`);
  try {
    const result = work();
    process.stderr.write(`${live ? '\r\x1b[K' : ''}setup: ${title}: ${seconds(since)}\n`);
    return result;
  } catch (error) {
    process.stderr.write(`${live ? '\r\x1b[K' : ''}setup: ${title}: failed after ${seconds(since)}\n`);
    throw error;
  }
}

export class StepError extends Error {}

/** Runs a command to its end, quietly; on failure throws with everything that it printed. */
export function runQuietly(command, args, options = {}) {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
    ...options,
  });
  const name = [command, ...args].join(' ');
  if (result.error) throw new StepError(`Could not start \`${name}\`: ${result.error.message}`);
  if (result.status !== 0) {
    const end = result.signal ? `signal ${result.signal}` : `exit code ${result.status}`;
    throw new StepError(`\`${name}\` ended with ${end}.\n${result.stdout}${result.stderr}`.trimEnd());
  }
  return result.stdout;
}

/** Whether a program can be started at all. */
export const exists = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

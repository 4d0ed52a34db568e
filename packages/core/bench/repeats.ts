/** Repeats of a measurement, each in a process of its own so that its largest resident set is its own, and how they are told. */
import { execFileSync, fork } from 'node:child_process';
import { cpus } from 'node:os';

/** Runs `file` again with `--child` and the parameters; resolves with the message that it sends. */
export function inChild<Result>(
  file: string,
  parameters: readonly string[],
  execArgv: readonly string[] = [],
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = fork(file, ['--child', ...parameters], { execArgv: [...execArgv] });
    child.on('message', (result) => resolve(result as Result));
    child.on('exit', (code) => reject(new Error(`the measurement ended with ${code}`)));
  });
}

/** Of an even number the upper of the two in the middle. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
/** `median (smallest–largest)`. */
export const range = (values: readonly number[], digits = 0): string =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;

/** What the figures hold for: processor, Node and commit. */
export function machine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, commit ${commit}`;
}

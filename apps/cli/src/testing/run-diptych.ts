/** Runs the command line as a user does: a process of its own, with its streams and exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface RunDiptychOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with everything on the stream so far, each time more comes. */
  readonly onStdout?: (text: string, child: ChildProcess) => void;
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

const launcher = fileURLToPath(new URL('../../bin/diptych.mjs', import.meta.url));

export function runDiptych(
  parameters: readonly string[],
  { cwd, environment = {}, onStdout, onStderr }: RunDiptychOptions,
): Promise<Finished> {
  const child = spawn(process.execPath, [launcher, ...parameters], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onStdout?.(stdout, child);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    onStderr?.(stderr, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

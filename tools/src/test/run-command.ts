/** Child processes of the test command. */
import { spawn } from 'node:child_process';
import { repositoryRoot } from '../repository.ts';

export interface CommandResult {
  /** Zero when it succeeded; 128 or more when a signal ended it; 127 when it could not be started. */
  readonly exitCode: number;
  /** Both streams in order of arrival; empty when shown as they came. */
  readonly output: string;
}

/** Runs a program in the repository root. `show` lets its output through instead of keeping it. */
export async function runCommand(
  command: readonly string[],
  options: { readonly show?: boolean; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<CommandResult> {
  const [program, ...args] = command;
  const child = spawn(program === 'node' ? process.execPath : program!, args, {
    cwd: repositoryRoot,
    env: { ...process.env, NX_DAEMON: 'false', ...options.environment },
    stdio: options.show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const exitCode = await new Promise<number>((resolve) => {
    child.on('error', (error) => {
      chunks.push(Buffer.from(error.message));
      resolve(127);
    });
    child.on('close', (code, signal) => resolve(signal === null ? (code ?? 1) : 128));
  });
  return { exitCode, output: Buffer.concat(chunks).toString('utf8') };
}

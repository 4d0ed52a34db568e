import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RunChild {
  readonly process: ChildProcess;
  /** Lets it start working. */
  go(): Promise<void>;
  /** Resolves when it made its steps of progress. */
  readonly now: Promise<void>;
  /** True when it ended by itself with success, false when killed; rejects with what it printed otherwise. */
  readonly ended: Promise<boolean>;
}

/** Starts a process that loads its modules and then waits, so that several can load while one works. */
export function forkRun(runFolder: string, callLog: string, events: number): RunChild {
  // The compile cache keeps fifty starts from stripping the same types fifty times.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'diptych-core-compile-cache') };
  const child = fork(join(import.meta.dirname, 'run-child.ts'), [runFolder, callLog, String(events)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env,
  });
  let errors = '';
  child.stderr?.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const ready = Promise.withResolvers<void>();
  const now = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<boolean>();
  child.on('message', (message) => (message === 'ready' ? ready : now).resolve());
  child.on('error', ended.reject);
  child.on('exit', (code, signal) => {
    if (code === 0) ended.resolve(true);
    else if (signal === 'SIGKILL') ended.resolve(false);
    else ended.reject(new Error(`the run ended with ${code}: ${errors}`));
    now.resolve();
  });
  return {
    process: child,
    now: now.promise,
    ended: ended.promise,
    async go() {
      await Promise.race([ready.promise, once(child, 'exit')]);
      child.send('go');
    },
  };
}

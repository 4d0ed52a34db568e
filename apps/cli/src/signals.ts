import { DiptychError } from '@diptych/plugin-kit/runtime';

/** SIGHUP: the terminal was closed or the connection to it is gone. */
const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** First signal: finish cleanly. Second, unless it is SIGHUP: leave at once; the journal survives that too. */
export function interruptSignal(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    // The shell and the kernel each send one when a terminal goes: two of them are no user who will not wait.
    if (controller.signal.aborted && signal === 'SIGHUP') return;
    if (controller.signal.aborted) {
      // `process.exit` would take a GPU down in the middle of its work, which ends in SIGABRT; a signal just ends the process, as 130.
      process.removeAllListeners('SIGINT');
      process.kill(process.pid, 'SIGINT');
      return;
    }
    process.stderr.write('\nStopping: waiting for the journal; press Ctrl-C again to leave at once.\n');
    // What ends a command that has begun no run; a run says how to go on.
    controller.abort(new DiptychError('INTERRUPTED', 'Stopped by a signal. Start the command again.'));
  };
  for (const name of stopping) process.on(name, onSignal);
  return {
    signal: controller.signal,
    release() {
      for (const name of stopping) process.off(name, onSignal);
    },
  };
}

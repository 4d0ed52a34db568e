import { DiptychError } from '@diptych/plugin-kit/runtime';

/** First Ctrl-C or SIGTERM: finish cleanly. Second: leave at once; the journal survives that too. */
export function interruptSignal(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
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
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

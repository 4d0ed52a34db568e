/** Runs at the first call and keeps the result. A failed run is tried again by the next call. */
export function once<T>(run: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let running: Promise<T> | undefined;
  return (signal) => {
    signal.throwIfAborted();
    running ??= run(signal).catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
}

/**
 * Runs at the first call and keeps the result. A failed run is tried again by the next call, and by those that waited for
 * it where it ended only because the call that had started it was stopped.
 */
export function once<T>(run: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let running: { readonly result: Promise<T>; readonly signal: AbortSignal } | undefined;
  const start = (signal: AbortSignal) => {
    const result = run(signal).catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return { result, signal };
  };
  return async (signal) => {
    for (;;) {
      signal.throwIfAborted();
      running ??= start(signal);
      const { result, signal: owner } = running;
      try {
        return await result;
      } catch (error) {
        if (owner === signal || !owner.aborted) throw error;
      }
    }
  };
}

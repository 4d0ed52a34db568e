/** Time as pacing sees it, so that tests need not wait. */
export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  /** Resolves after `ms`, or after 24 days where it is longer; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Longest time that a timer takes; a longer one would end at once. */
const longestMs = 2 ** 31 - 1;

export const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(
        () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(ms, longestMs),
      );
      signal.addEventListener('abort', onAbort, { once: true });
    }),
};

import type { Clock } from '../pacing/clock.ts';

/** A clock for tests: time passes only in `run`, which jumps from one sleeper to the next. */
export class VirtualClock implements Clock {
  #now = 0;
  #sleepers: { at: number; wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  /** Passes time until `work` has ended. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    work.then(over, over);
    for (;;) {
      // Lets everything that is due run before time moves on.
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver) return work;
      const next = this.#sleepers.reduce<{ at: number; wake: () => void } | undefined>(
        (first, sleeper) => (first && first.at <= sleeper.at ? first : sleeper),
        undefined,
      );
      if (!next) throw new Error('Everybody waits, and nobody sleeps: a deadlock.');
      this.#now = Math.max(this.#now, next.at);
      const due = this.#sleepers.filter(({ at }) => at <= this.#now);
      this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
      for (const { wake } of due) wake();
    }
  }
}

/**
 * Adaptive concurrency for one service, after additive increase and multiplicative decrease as TCP uses it: slow start,
 * growth only while the limit is what holds calls back, one cut in an episode of rate limits, and a service's own
 * Retry-After for all calls. Budgets per minute hold besides.
 */
import type { Pacing } from '@diptych/plugin-kit';
import { type Clock, realClock } from './clock.ts';
import { MinuteWindow } from './minute-window.ts';

/** How a call ended, as far as pacing is concerned. */
export type CallEnd = 'answered' | 'rate-limited' | 'failed';

export interface Permit {
  /** To be called once, however the call ended. `retryAfterMs` stops all calls of the service for that long. */
  end(how: CallEnd, retryAfterMs?: number): void;
}

/** Share of the limit that is kept at a cut. */
const cut = 0.5;
/** After a cut the limit returns quickly to this share of where the service objected, and probes slowly beyond. */
const knownGood = 0.9;
/** Rounds of answers between two probing steps: each step too far costs an episode. Arbitrary. */
const roundsPerProbe = 4;

interface Waiter {
  readonly images: number;
  readonly start: (permit: Permit) => void;
}

export class Pacer {
  readonly #clock: Clock;
  #requests: MinuteWindow | undefined;
  #images: MinuteWindow | undefined;
  readonly #waiting: Waiter[] = [];
  #limit = 1;
  #ceiling = 1;
  /** The limit grows by one an answer below this, slowly above. */
  #slowStartEnd = Number.POSITIVE_INFINITY;
  #answersSinceStep = 0;
  #inFlight = 0;
  /** Number of cuts; a call that started before the last one tells nothing new when it is rate-limited. */
  #episodes = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #wake: AbortController | undefined;

  constructor(budgets: Omit<Pacing, 'key'>, clock: Clock = realClock) {
    this.#clock = clock;
    this.tighten(budgets);
  }

  /** Takes over budgets that are smaller than those so far: instances under one key share the smallest. */
  tighten({ requestsPerMinute, imagesPerMinute }: Omit<Pacing, 'key'>): void {
    if (requestsPerMinute !== undefined) this.#requests = MinuteWindow.smaller(this.#requests, requestsPerMinute);
    if (imagesPerMinute !== undefined) this.#images = MinuteWindow.smaller(this.#images, imagesPerMinute);
  }

  /** Calls allowed at once now, calls in flight, and cuts made. */
  get state(): { readonly limit: number; readonly inFlight: number; readonly episodes: number } {
    return { limit: Math.floor(this.#limit), inFlight: this.#inFlight, episodes: this.#episodes };
  }

  /**
   * Waits until a call with `images` images may start. The largest `ceiling` given so far bounds the limit. First come,
   * first served. Rejects with the signal's reason.
   */
  acquire(images: number, ceiling: number, signal: AbortSignal): Promise<Permit> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Permit>();
    const onAbort = (): void => {
      const place = this.#waiting.indexOf(waiter);
      if (place >= 0) this.#waiting.splice(place, 1);
      reject(signal.reason);
      this.#startWaiting();
    };
    const waiter: Waiter = {
      images,
      start(permit) {
        signal.removeEventListener('abort', onAbort);
        resolve(permit);
      },
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#ceiling = Math.max(this.#ceiling, ceiling);
    this.#waiting.push(waiter);
    this.#startWaiting();
    return promise;
  }

  #startWaiting(): void {
    this.#wake?.abort();
    this.#wake = undefined;
    for (;;) {
      const next = this.#waiting[0];
      if (!next || this.#inFlight >= Math.floor(this.#limit)) return;
      const now = this.#clock.now();
      const wait = Math.max(
        this.#pausedUntil - now,
        this.#requests?.waitMs(1, now) ?? 0,
        this.#images?.waitMs(next.images, now) ?? 0,
      );
      if (wait > 0) {
        this.#wakeIn(wait);
        return;
      }
      this.#waiting.shift();
      this.#requests?.take(1, now);
      this.#images?.take(next.images, now);
      this.#inFlight += 1;
      next.start(this.#permit());
    }
  }

  #wakeIn(ms: number): void {
    const controller = new AbortController();
    this.#wake = controller;
    this.#clock.sleep(ms, controller.signal).then(
      () => this.#startWaiting(),
      () => undefined, // aborted because something else woke the queue
    );
  }

  #permit(): Permit {
    const episode = this.#episodes;
    let isOpen = true;
    return {
      end: (how, retryAfterMs) => {
        if (!isOpen) return;
        isOpen = false;
        // Growth is earned only where the limit was the brake; else it would rise unseen to a height never tried.
        const wasSaturated = this.#inFlight >= Math.floor(this.#limit);
        this.#inFlight -= 1;
        if (how === 'answered' && wasSaturated && episode === this.#episodes) this.#grow();
        if (how === 'rate-limited') {
          if (episode === this.#episodes) this.#shrink();
          if (retryAfterMs !== undefined)
            this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + Math.max(0, retryAfterMs));
        }
        this.#startWaiting();
      },
    };
  }

  #grow(): void {
    if (this.#limit < this.#slowStartEnd) this.#limit += 1;
    else {
      this.#answersSinceStep += 1;
      if (this.#answersSinceStep < this.#limit * roundsPerProbe) return;
      this.#limit += 1;
    }
    this.#answersSinceStep = 0;
    this.#limit = Math.min(this.#limit, this.#ceiling);
  }

  #shrink(): void {
    this.#slowStartEnd = Math.max(1, Math.floor(knownGood * (this.#limit - 1)));
    this.#limit = Math.max(1, Math.floor(cut * this.#limit));
    this.#answersSinceStep = 0;
    this.#episodes += 1;
  }
}

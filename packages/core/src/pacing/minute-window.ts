/** Length of the window of a budget per minute. */
const minuteMs = 60_000;
/** Calls reach a service later than they are sent, some sooner after than others; the service counts arrivals. */
const marginMs = 1_000;

/**
 * A budget of units per minute that holds in every sliding minute, not only on average: a log of what was taken in
 * the last minute. A budget below one unit a minute becomes one unit in a longer window.
 */
export class MinuteWindow {
  readonly #perMinute: number;
  readonly #budget: number;
  readonly #lengthMs: number;
  readonly #taken: { readonly at: number; readonly units: number }[] = [];
  #sum = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#budget = Math.max(1, Math.floor(perMinute));
    this.#lengthMs = (perMinute < 1 ? minuteMs / perMinute : minuteMs) + marginMs;
  }

  /** `window` where its budget is the smaller one, else a new window that remembers what was taken. */
  static smaller(window: MinuteWindow | undefined, perMinute: number): MinuteWindow {
    if (window && window.#perMinute <= perMinute) return window;
    const made = new MinuteWindow(perMinute);
    for (const { at, units } of window ? window.#taken : []) made.take(units, at);
    return made;
  }

  /** Milliseconds until `units` may be taken; 0 when now. More units than the budget wait for an empty window. */
  waitMs(units: number, now: number): number {
    this.#forget(now);
    let excess = this.#sum + Math.min(units, this.#budget) - this.#budget;
    for (const { at, units: taken } of this.#taken) {
      if (excess <= 0) break;
      excess -= taken;
      if (excess <= 0) return at + this.#lengthMs - now;
    }
    return 0;
  }

  take(units: number, now: number): void {
    this.#taken.push({ at: now, units });
    this.#sum += units;
  }

  #forget(now: number): void {
    while (this.#taken[0] && this.#taken[0].at + this.#lengthMs <= now) this.#sum -= this.#taken.shift()!.units;
  }
}

/** What an instance that calls a service says about it: how fast it may be called, and what a call costs. */

/**
 * How fast a service may be called. Core starts slowly, adds calls while answers come back, halves once in an episode
 * of `rateLimited` faults, and never exceeds the instance's `concurrency` or the budgets here.
 */
export interface Pacing {
  /** Instances with the same key share one budget, as two models under one account do, such as `openai`. */
  readonly key: string;
  readonly requestsPerMinute?: number | undefined;
  readonly imagesPerMinute?: number | undefined;
}

/** What one item is expected to take, for `plan` and the budget. */
export interface CostEstimate {
  /** US dollars for one item; null where the service has no price per item. */
  readonly usdPerItem: number | null;
  /** Typical seconds of one call. */
  readonly secondsPerCall?: number;
  /** Of a generator: typical bytes of one image file. */
  readonly bytesPerItem?: number;
  /** Instances with the same word work one after another, such as models on one card. */
  readonly turn?: string;
  /** Where the price stands and the day it was read (YYYY-MM-DD), or that the user gave it. */
  readonly source: string;
  readonly asOf?: string;
}

/** Members of every instance that may call a service. */
export interface Metered {
  readonly pacing?: Pacing;
  readonly estimate?: CostEstimate;
}

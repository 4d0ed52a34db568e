/** What a run spent, and may spend. */
import { DiptychError } from '@diptych/plugin-kit';
import { shellQuoted } from '../text/shell-quoted.ts';

/** Prices are sums of small numbers; a budget is not exceeded by their rounding. */
const epsilonUsd = 1e-9;

/** Money set aside for a call in flight. */
export interface Reservation {
  /** The call has ended and cost this. Calling it again has no effect. */
  settle(usd: number): void;
}

export class Budget {
  readonly #limitUsd: number | undefined;
  readonly #runFolder: string;
  #spentUsd = 0;
  #reservedUsd = 0;
  #isReached = false;

  /** Without a limit it only counts. */
  constructor(limitUsd: number | undefined, runFolder: string) {
    this.#limitUsd = limitUsd;
    this.#runFolder = runFolder;
  }

  get isLimited(): boolean {
    return this.#limitUsd !== undefined;
  }

  get spentUsd(): number {
    return this.#spentUsd;
  }

  /** What an earlier process spent. */
  restore(usd: number): void {
    this.#spentUsd += usd;
  }

  /**
   * Sets money aside before a call. Throws BUDGET_REACHED when what was spent, what is in flight and this call would
   * exceed the limit, and for every call after that: those in flight end, none starts.
   */
  reserve(usd: number): Reservation {
    const limit = this.#limitUsd;
    if (limit !== undefined && this.#spentUsd + this.#reservedUsd + usd > limit + epsilonUsd) this.#isReached = true;
    if (this.#isReached) throw this.#reached(usd);
    this.#reservedUsd += usd;
    let isOpen = true;
    return {
      settle: (cost) => {
        if (!isOpen) return;
        isOpen = false;
        this.#reservedUsd -= usd;
        this.#spentUsd += cost;
        // What a call really cost may exceed its estimate; then no further call is made, be it free of charge.
        if (limit !== undefined && this.#spentUsd > limit + epsilonUsd) this.#isReached = true;
      },
    };
  }

  #reached(usd: number): DiptychError {
    const money = (value: number): string => `$${value.toFixed(4)}`;
    return new DiptychError(
      'BUDGET_REACHED',
      `Expected to stay within the budget of ${money(this.#limitUsd!)}; ${money(this.#spentUsd)} was spent, ${money(this.#reservedUsd)} is in flight, and the next call would cost ${money(usd)}. Everything finished is kept. Continue it with: diptych resume ${shellQuoted(this.#runFolder)} --budget USD`,
      { details: { runFolder: this.#runFolder, spentUsd: this.#spentUsd, budgetUsd: this.#limitUsd } },
    );
  }
}

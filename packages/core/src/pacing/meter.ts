/** What every call of one plugin passes: its own concurrency, the pace of the service behind it, the run's budget. */
import type { Metered, Pacing } from '@diptych/plugin-kit';
import { Budget } from './budget.ts';
import { type Clock, realClock } from './clock.ts';
import { Pacer, type Permit } from './pacer.ts';
import { Slots } from './slots.ts';

export interface Meter {
  readonly budget: Budget;
  /** US dollars that one item is expected to cost; 0 where nobody says. */
  readonly usdPerItem: number;
  /** True where rate limits slow the service down for all, and so do not count as failures of one call. */
  readonly isPaced: boolean;
  /** Waits until a call with so many items may start; the permit is ended with the call. */
  enter(items: number, signal: AbortSignal): Promise<Permit>;
}

/** Services by pacing key, for all runs of the process: a provider counts an account's calls, not a run's. */
const services = new Map<string, Pacer>();

function pacerOf(pacing: Pacing, clock: Clock): Pacer {
  const found = services.get(pacing.key) ?? new Pacer(pacing, clock);
  found.tighten(pacing);
  services.set(pacing.key, found);
  return found;
}

export interface MeterOptions {
  /** Calls of the plugin at once. */
  readonly concurrency: number;
  readonly budget: Budget;
  readonly clock?: Clock;
}

/** Meters of plugins whose pacing has one key share a pacer, whatever run they are of. */
export function createMeter(instance: Metered, { concurrency, budget, clock = realClock }: MeterOptions): Meter {
  const slots = new Slots(concurrency);
  const pacer = instance.pacing ? pacerOf(instance.pacing, clock) : undefined;
  return {
    budget,
    usdPerItem: instance.estimate?.usdPerItem ?? 0,
    isPaced: pacer !== undefined,
    async enter(items, signal) {
      const release = await slots.acquire(signal);
      if (!pacer) return { end: release };
      try {
        const permit = await pacer.acquire(items, concurrency, signal);
        return {
          end(how, retryAfterMs) {
            permit.end(how, retryAfterMs);
            release();
          },
        };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

/** Meters by instance, so that every phase of a run shares those of a plugin. */
export class Meters {
  readonly budget: Budget;
  readonly #made = new Map<object, Meter>();

  /** Without a budget calls are only held to their pace. */
  constructor(budget: Budget = new Budget(undefined, '')) {
    this.budget = budget;
  }

  /** `concurrency` is the instance's, 1 where it declares none. */
  of({ instance }: { readonly instance: Metered & { readonly concurrency?: number } }): Meter {
    const meter =
      this.#made.get(instance) ?? createMeter(instance, { concurrency: instance.concurrency ?? 1, budget: this.budget });
    this.#made.set(instance, meter);
    return meter;
  }
}

/** Outcomes and statuses of an answer that gives what was asked for. */
export const deliveredStatuses: readonly string[] = ['image', 'scored', 'features', 'rewritten'];

/** An answer of any kind, as far as its price goes. */
export interface PricedAnswer {
  readonly costUsd?: number | undefined;
  readonly outcome?: string;
  readonly status?: string;
}

/**
 * What an answer cost: what it says itself, else the estimate where something was delivered. Refusals and abstentions
 * that do not say a cost are taken to be free. Undefined where nobody says.
 */
export function costOf(answer: PricedAnswer, { usdPerItem }: Pick<Meter, 'usdPerItem'>): number | undefined {
  if (answer.costUsd !== undefined) return answer.costUsd;
  const isDelivered = deliveredStatuses.includes(answer.outcome ?? answer.status ?? '');
  return isDelivered && usdPerItem > 0 ? usdPerItem : undefined;
}

/**
 * Whether a service may have charged a call that ended without an answer of use: its time was up, or it answered and
 * the answer could not be read. A call that threw delivered nothing and is taken to be free.
 */
export const mayHaveCost = ({ status }: { readonly status: 'answered' | 'timeout' | 'failed' }): boolean =>
  status !== 'failed';

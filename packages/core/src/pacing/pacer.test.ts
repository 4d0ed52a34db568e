import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing-fakes/virtual-clock.ts';
import { Pacer } from './pacer.ts';

const calm = new AbortController().signal;

/** A provider in virtual time that answers in `latencyMs` and objects to more than `capacity` calls at once. */
class Provider {
  readonly #clock: VirtualClock;
  readonly #options: { capacity?: number; perMinute?: number; latencyMs: number; retryAfterMs?: number };
  readonly arrivals: number[] = [];
  readonly accepted: number[] = [];
  inFlight = 0;
  refused = 0;

  constructor(
    clock: VirtualClock,
    options: { capacity?: number; perMinute?: number; latencyMs: number; retryAfterMs?: number },
  ) {
    this.#clock = clock;
    this.#options = options;
  }

  /** True when answered, false when rate-limited. */
  async call(): Promise<boolean> {
    const { capacity = Number.POSITIVE_INFINITY, perMinute = Number.POSITIVE_INFINITY, latencyMs } = this.#options;
    const now = this.#clock.now();
    this.arrivals.push(now);
    const recent = this.accepted.filter((at) => at > now - 60_000).length;
    if (this.inFlight >= capacity || recent >= perMinute) {
      this.refused += 1;
      await this.#clock.sleep(5);
      return false;
    }
    this.accepted.push(now);
    this.inFlight += 1;
    await this.#clock.sleep(latencyMs);
    this.inFlight -= 1;
    return true;
  }
}

/** Keeps `ceiling` workers busy until `calls` calls were answered. */
async function work(
  pacer: Pacer,
  clock: VirtualClock,
  { provider, calls, ceiling, retryAfterMs }: { provider: Provider; calls: number; ceiling: number; retryAfterMs?: number },
): Promise<void> {
  let left = calls;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      for (;;) {
        const permit = await pacer.acquire(1, ceiling, calm);
        const isAnswered = await provider.call();
        permit.end(isAnswered ? 'answered' : 'rate-limited', isAnswered ? undefined : retryAfterMs);
        if (isAnswered) break;
        await clock.sleep(100);
      }
    }
  };
  await clock.run(Promise.all(Array.from({ length: ceiling }, worker)));
}

const mostInAnyMinute = (times: readonly number[]): number =>
  Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + 60_000).length));

describe('Pacer', () => {
  it.each([3, 10, 40])('converges within 20 % of a service that takes %i calls at once', async (capacity) => {
    const clock = new VirtualClock();
    const provider = new Provider(clock, { capacity, latencyMs: 1000 });
    await work(new Pacer({}, clock), clock, { provider, calls: capacity * 150, ceiling: 64 });
    // Calls in the second half of the time, over what the service could have taken in it.
    const half = clock.now() / 2;
    const rate = provider.accepted.filter((at) => at >= half).length / ((clock.now() - half) / 1000);
    expect(rate / capacity).toBeGreaterThan(0.8);
    expect(rate / capacity).toBeLessThanOrEqual(1.05);
    expect(provider.refused / provider.arrivals.length).toBeLessThan(0.1);
  });

  it('converges within 20 % of a rate per minute that only Retry-After tells', async () => {
    const clock = new VirtualClock();
    const provider = new Provider(clock, { perMinute: 120, latencyMs: 2000 });
    await work(new Pacer({}, clock), clock, { provider, calls: 2400, ceiling: 32, retryAfterMs: 2000 });
    const half = clock.now() / 2;
    const perMinute = provider.accepted.filter((at) => at >= half).length / ((clock.now() - half) / 60_000);
    expect(perMinute).toBeGreaterThan(0.8 * 120);
  });

  it('starts slowly and never exceeds the ceiling', async () => {
    const clock = new VirtualClock();
    const provider = new Provider(clock, { latencyMs: 1000 });
    await work(new Pacer({}, clock), clock, { provider, calls: 100, ceiling: 8 });
    const startedAt = (ms: number): number => provider.accepted.filter((at) => at === ms).length;
    expect([0, 1000, 2000, 3000, 4000].map(startedAt)).toEqual([1, 2, 4, 8, 8]);
  });

  it('does not grow while something else holds calls back', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer({}, clock);
    for (let i = 0; i < 20; i++) (await pacer.acquire(1, 16, calm)).end('answered');
    const grown = pacer.state.limit;
    const permit = await pacer.acquire(1, 16, calm);
    permit.end('answered');
    expect(grown).toBe(2); // one call at a time saturates a limit of 1, and no more
    expect(pacer.state.limit).toBe(2);
  });

  it('cuts once for all calls that were in flight together', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer({}, clock);
    const grow = async (): Promise<void> => {
      while (pacer.state.limit < 16) {
        const round = await Promise.all(Array.from({ length: pacer.state.limit }, () => pacer.acquire(1, 16, calm)));
        for (const permit of round) permit.end('answered');
      }
    };
    await grow();
    const together = await Promise.all(Array.from({ length: 16 }, () => pacer.acquire(1, 16, calm)));
    for (const permit of together) permit.end('rate-limited');
    expect(pacer.state).toEqual({ limit: 8, inFlight: 0, episodes: 1 });
    const next = await Promise.all(Array.from({ length: 8 }, () => pacer.acquire(1, 16, calm)));
    for (const permit of next) permit.end('rate-limited');
    expect(pacer.state).toEqual({ limit: 4, inFlight: 0, episodes: 2 });
  });

  it('stops every call of the service for as long as Retry-After says', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer({}, clock);
    (await pacer.acquire(1, 4, calm)).end('rate-limited', 30_000);
    const started: number[] = [];
    const call = async (): Promise<void> => {
      const permit = await pacer.acquire(1, 4, calm);
      started.push(clock.now());
      permit.end('answered');
    };
    await clock.run(Promise.all([call(), call(), call()]));
    expect(Math.min(...started)).toBe(30_000);
  });

  it.each([10, 60])('sends at most %i requests in any sliding minute', async (requestsPerMinute) => {
    const clock = new VirtualClock();
    const provider = new Provider(clock, { latencyMs: 300 });
    await work(new Pacer({ requestsPerMinute }, clock), clock, { provider, calls: requestsPerMinute * 5, ceiling: 16 });
    expect(mostInAnyMinute(provider.arrivals)).toBe(requestsPerMinute);
    // Five budgets take four waits and little more: nothing is left unused.
    expect(clock.now()).toBeLessThan(4.2 * 61_000);
  });

  it('counts images, not calls, against images per minute', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer({ imagesPerMinute: 10 }, clock);
    const started: number[] = [];
    const call = async (): Promise<void> => {
      const permit = await pacer.acquire(4, 8, calm);
      started.push(clock.now());
      await clock.sleep(100);
      permit.end('answered');
    };
    await clock.run(Promise.all(Array.from({ length: 6 }, call)));
    expect(mostInAnyMinute(started) * 4).toBeLessThanOrEqual(10);
  });

  it('spreads a budget below one a minute over a longer window', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer({ requestsPerMinute: 0.5 }, clock);
    (await pacer.acquire(1, 1, calm)).end('answered');
    await clock.run(pacer.acquire(1, 1, calm));
    expect(clock.now()).toBeGreaterThanOrEqual(120_000);
  });

  it('lets go of a call whose run was stopped', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer({}, clock);
    const first = await pacer.acquire(1, 1, calm);
    const controller = new AbortController();
    const stopped = pacer.acquire(1, 1, controller.signal);
    const third = pacer.acquire(1, 1, calm);
    controller.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    first.end('answered');
    await expect(third).resolves.toBeDefined();
  });
});

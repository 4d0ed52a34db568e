/** Jobs of services that answer later: submit, look until done, and cancel what nobody waits for any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InfrastructureError } from '@diptych/plugin-kit';
import type { Service } from './call-service.ts';
import { fetchImage } from './media.ts';

/** Faults in a row that a look may have; the job runs on and is paid, so one lost look does not end it. */
const mostFaults = 5;
/** Longest wait that a service may ask for, in milliseconds, as core has it for whole calls. */
const maxRetryAfterMs = 3_600_000;
/** Longest a cancellation may take, in milliseconds; the call is over and nobody waits for it. */
const cancelMs = 5000;

export interface Job<T> {
  /** Seconds between two looks. */
  readonly pollSeconds: number;
  /** `undefined` while the job is not done. */
  look(signal: AbortSignal): Promise<T | undefined>;
  /** Asks the service to stop; absent where its API has no way to. */
  cancel?(signal: AbortSignal): Promise<unknown>;
}

/**
 * Submits a job so that it is not orphaned: a call that is stopped before the service has named the job waits up to five
 * seconds for that, and cancels what was made meanwhile. Rejects with the signal's reason then.
 */
export async function submitJob<T>(
  submit: (signal: AbortSignal) => Promise<T>,
  cancel: (submitted: T, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const own = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onAbort = () => {
    timer = setTimeout(() => own.abort(signal.reason), cancelMs);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const submitted = await submit(own.signal);
    if (!signal.aborted) return submitted;
    // Best effort, as below.
    await cancel(submitted, AbortSignal.timeout(cancelMs)).catch(() => undefined);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
  throw signal.reason;
}

/**
 * Looks at a job until it is done. The call's signal bounds it: core aborts it when the time of a call is up or the run
 * is stopped, and then, as after a fault that ends the waiting, the job is cancelled. `wait` takes milliseconds; tests give one of their own.
 */
export async function finishJob<T>(job: Job<T>, signal: AbortSignal, wait: Wait = pause): Promise<T> {
  try {
    return await lookUntilDone(job, signal, wait);
  } catch (error) {
    // Best effort: the first fault is the one to tell, and a job that cannot be cancelled only costs.
    await job.cancel?.(AbortSignal.timeout(cancelMs)).catch(() => undefined);
    throw error;
  }
}

type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

async function lookUntilDone<T>({ look, pollSeconds }: Job<T>, signal: AbortSignal, wait: Wait): Promise<T> {
  let faults = 0;
  for (;;) {
    let waitMs = pollSeconds * 1000;
    try {
      const found = await look(signal);
      if (found !== undefined) return found;
      faults = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof InfrastructureError) || !error.retryable || ++faults >= mostFaults) throw error;
      waitMs = Math.max(waitMs * 2 ** faults, Math.min(maxRetryAfterMs, error.retryAfterMs ?? 0));
    }
    await wait(waitMs, signal);
  }
}

/** Repeats the fetch of what is made after a fault that may pass: it is paid, and the whole call would make another. */
export const fetchMade = <T>(fetchOnce: () => Promise<T>, signal: AbortSignal, wait?: Wait): Promise<T> =>
  finishJob({ pollSeconds: 0.2, look: fetchOnce }, signal, wait);

/** `fetchImage`, repeated as `fetchMade` does. */
export const fetchMadeImage = (url: string, service: Service, signal: AbortSignal, wait?: Wait): Promise<Uint8Array> =>
  fetchMade(() => fetchImage(url, service, signal), signal, wait);

/** Waits; rejects with the signal's reason when it is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** One call of a plugin under the study's limits: time, retries of infrastructure faults, and the run's signal. */
import { DiptychError, type InfrastructureError, isDiptychError, type Limits } from '@diptych/plugin-kit';
import type { Meter } from '../pacing/meter.ts';
import type { CallEnd } from '../pacing/pacer.ts';
import { seededUniform } from '../plan/seeds.ts';
import { throwPrototypeFault } from '../plugins/prototype-guard.ts';
import { describeError, systemCode } from '../text/describe-error.ts';
import { systemFault } from '../text/system-fault.ts';
import { asPlugin } from './stray-errors.ts';

export interface CallOptions {
  readonly limits: Limits;
  /** Alias of the plugin, for warnings of what it throws beside its answers. */
  readonly plugin: string;
  /** The run's signal; once aborted, the call rejects with its reason. */
  readonly signal: AbortSignal;
  /** Seeds the jitter. */
  readonly seed: number;
  readonly onRetry?: () => void;
  /** Takes secrets out of what is told of faults. */
  readonly redact?: (text: string) => string;
  /** Holds the call back to its plugin's concurrency and pace. */
  readonly meter?: Meter;
  /** Items in the call, as budgets of images per minute count them; 1 where absent. */
  readonly items?: number;
}
export type CallResult<T> =
  | { readonly status: 'answered'; readonly value: T; readonly attempts: number }
  | { readonly status: 'timeout'; readonly attempts: number }
  | { readonly status: 'failed'; readonly error: unknown; readonly attempts: number };

const maxBackoffMs = 60_000;
/** A provider may ask for any wait; beyond an hour a failed sample is of more use than a run that seems to hang. */
const maxRetryAfterMs = 3_600_000;

/**
 * Rejects only when the run is stopped, the runtime is lost, the machine fails (SYSTEM_FAULT) or the plugin changed Object.prototype. A plugin that ignores its signal is left behind after
 * its time; its late answer is dropped.
 */
export async function callPlugin<T>(
  call: (signal: AbortSignal) => Promise<T>,
  options: CallOptions,
): Promise<CallResult<T>> {
  const { limits, signal, meter } = options;
  const uniform = seededUniform(options.seed);
  let slowedDown = 0;
  for (let attempts = 1; ; attempts++) {
    const permit = await meter?.enter(options.items ?? 1, signal);
    const owned = (callSignal: AbortSignal): Promise<T> => asPlugin(options, () => call(callSignal));
    const result = await callOnce(owned, options).catch((error: unknown) => {
      permit?.end('failed');
      throw error;
    });
    const fault = result.status === 'failed' ? rateLimitOf(result.error) : undefined;
    permit?.end(endOf(result, fault), fault && retryAfterOf(fault));
    if (result.status !== 'failed') return { ...result, attempts };
    throwIfFatal(result.error);
    // Finding a service's pace takes rate limits that are nobody's failure; they have an allowance of their own.
    if (meter?.isPaced && fault) slowedDown += 1;
    const isUsedUp = attempts - slowedDown >= limits.attempts || slowedDown >= limits.attempts ** 2;
    const ofMachine = systemFault(result.error);
    // The machine's fault is no answer of the plugin: left without a record, the work is done again by a resume.
    if (ofMachine && isUsedUp) throw ofMachine;
    if (isUsedUp || !(ofMachine || isRetryable(result.error))) return { ...result, attempts };
    options.onRetry?.();
    await sleep(
      waitMs(result.error, { attempts: Math.min(attempts, 16), backoffMs: limits.backoffMs, jitter: uniform() }),
      signal,
    );
  }
}

/** The fault where it is a service's signal of too many calls. */
function rateLimitOf(error: unknown): InfrastructureError | undefined {
  if (!(error instanceof Error) || error.name !== 'InfrastructureError') return undefined;
  const fault = error as InfrastructureError;
  return fault.rateLimited ? fault : undefined;
}

function endOf({ status }: { readonly status: string }, rateLimit: unknown): CallEnd {
  if (rateLimit) return 'rate-limited';
  return status === 'answered' ? 'answered' : 'failed';
}

type OneResult<T> = { status: 'answered'; value: T } | { status: 'timeout' } | { status: 'failed'; error: unknown };

/** Rejects where the run is stopped or the call changed Object.prototype; other faults are results. */
async function callOnce<T>(
  call: (signal: AbortSignal) => Promise<T>,
  { plugin, limits: { callTimeoutMs: timeoutMs }, signal }: CallOptions,
): Promise<OneResult<T>> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const stopped = Promise.withResolvers<never>();
  const timedOut = Promise.withResolvers<OneResult<T>>();
  const onAbort = (): void => {
    controller.abort(signal.reason);
    stopped.reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => {
    timedOut.resolve({ status: 'timeout' });
    controller.abort(
      new DiptychError('PLUGIN_TIMEOUT', `Expected an answer within ${timeoutMs} ms. Raise limits.callTimeoutMs.`),
    );
  }, timeoutMs);
  const answer = (async (): Promise<OneResult<T>> => {
    try {
      return { status: 'answered', value: await call(controller.signal) };
    } catch (error) {
      return { status: 'failed', error: readable(error) };
    } finally {
      throwPrototypeFault(plugin);
    }
  })();
  try {
    return await Promise.race([answer, timedOut.promise, stopped.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** What was thrown if its members can be read, else an error that says so. */
function readable(error: unknown): unknown {
  try {
    isDiptychError(error);
    isRetryable(error);
    return error;
  } catch {
    return new Error(describeError(error));
  }
}

const fatalCodes = new Set(['DEVICE_LOST', 'BACKEND_UNAVAILABLE', 'OUT_OF_MEMORY', 'STORE_WRITE_FAILED']);

/** Without its device every further image would fail alike; stopping keeps them for a resume. */
function throwIfFatal(error: unknown): void {
  if (isDiptychError(error) && fatalCodes.has(error.code)) throw error;
}

const networkCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
]);

/** Infrastructure faults that repetition may cure. A refusal is a result and never comes here. */
function isRetryable(error: unknown): boolean {
  if (error instanceof Error && error.name === 'InfrastructureError') return (error as InfrastructureError).retryable;
  for (
    let cause: unknown = error, depth = 0;
    cause !== undefined && depth < 4;
    cause = (cause as { cause?: unknown } | null)?.cause, depth++
  ) {
    const code = systemCode(cause);
    if (code && (networkCodes.has(code) || code.startsWith('UND_ERR_'))) return true;
  }
  return false;
}

/**
 * Within what is honoured: for the call that failed, and for all calls of its service. What is no number, as a plugin makes of a
 * header that is a date, is no wait: the backoff is.
 */
function retryAfterOf({ retryAfterMs }: InfrastructureError): number | undefined {
  if (typeof retryAfterMs !== 'number' || Number.isNaN(retryAfterMs)) return undefined;
  return Math.min(maxRetryAfterMs, Math.max(0, retryAfterMs));
}

function waitMs(
  error: unknown,
  { attempts, backoffMs, jitter }: { attempts: number; backoffMs: number; jitter: number },
): number {
  const asked =
    error instanceof Error && error.name === 'InfrastructureError' ? retryAfterOf(error as InfrastructureError) : undefined;
  if (asked !== undefined) return asked;
  // Between half and all of the doubled wait, so that workers that failed together do not return together.
  return Math.min(maxBackoffMs, backoffMs * 2 ** (attempts - 1)) * (0.5 + jitter / 2);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

import { DiptychError, InfrastructureError, limitsSchema } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { Budget } from '../pacing/budget.ts';
import type { Meter } from '../pacing/meter.ts';
import { callPlugin } from './call-plugin.ts';

const limits = limitsSchema.parse({ attempts: 3, backoffMs: 1, callTimeoutMs: 50 });
const options = { plugin: 'mine', limits, signal: new AbortController().signal, seed: 1 };
const failing = (error: unknown, times = Number.POSITIVE_INFINITY) => {
  let calls = 0;
  return { call: async () => (calls++ < times ? Promise.reject(error) : 'fine'), calls: () => calls };
};
/** Of a service that is paced, and what waits it was told of. */
function pacedMeter(): { readonly meter: Meter; readonly asked: (number | undefined)[] } {
  const asked: (number | undefined)[] = [];
  const enter: Meter['enter'] = async () => ({ end: (_how, retryAfterMs) => void asked.push(retryAfterMs) });
  return { meter: { budget: new Budget(undefined, ''), usdPerItem: 0, isPaced: true, enter }, asked };
}

describe('a call', () => {
  it.each([
    ['an infrastructure fault', new InfrastructureError('busy', { retryAfterMs: 0 }), 3],
    ['a fetch that failed', Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } }), 3],
    ['a rejected key', new InfrastructureError('401', { retryable: false }), 1],
    ['a bug of the plugin', new TypeError('x is undefined'), 1],
  ])('that meets %s', async (_name, error, attempts) => {
    const { call, calls } = failing(error);
    expect(await callPlugin(call, options)).toEqual({ status: 'failed', error, attempts });
    expect(calls()).toBe(attempts);
  });

  it('that throws an error whose message is no text ends as failed', async () => {
    const error = Object.defineProperty(new Error(), 'message', { value: Symbol('odd') });
    expect(await callPlugin(failing(error).call, options)).toMatchObject({ status: 'failed', attempts: 1 });
  });

  it('goes on after a fault that passes', async () => {
    let retries = 0;
    const { call } = failing(new InfrastructureError('busy'), 2);
    expect(await callPlugin(call, { ...options, onRetry: () => retries++ })).toEqual({
      status: 'answered',
      value: 'fine',
      attempts: 3,
    });
    expect(retries).toBe(2);
  });

  it('tells the plugin when its time is over, and does not wait for it', async () => {
    let reason: unknown;
    const result = await callPlugin(async (signal) => {
      signal.addEventListener('abort', () => (reason = signal.reason));
      return new Promise(() => undefined);
    }, options);
    expect(result).toEqual({ status: 'timeout', attempts: 1 });
    expect(reason).toMatchObject({ code: 'PLUGIN_TIMEOUT' });
  });

  it('stops the run when the device is lost', async () => {
    const lost = new DiptychError('DEVICE_LOST', 'gone');
    await expect(callPlugin(() => Promise.reject(lost), options)).rejects.toBe(lost);
  });

  it.each([
    ['too many open files', Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' })],
    ['a disk that fails', new TypeError('no image', { cause: Object.assign(new Error('EIO'), { code: 'EIO' }) })],
    ['rights that are gone', Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' })],
  ])('stops the run for %s, once its attempts are used up', async (_name, error) => {
    const { call, calls } = failing(error);
    await expect(callPlugin(call, options)).rejects.toMatchObject({ code: 'SYSTEM_FAULT', cause: error });
    expect(calls()).toBe(3);
    expect(await callPlugin(failing(error, 2).call, options)).toMatchObject({ status: 'answered', attempts: 3 });
  });

  it.each([
    ['a connection that a firewall forbids', Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'connect' })],
    ['a file that is not there', Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'open' })],
  ])('ends as failed for %s', async (_name, error) => {
    expect(await callPlugin(failing(error).call, options)).toEqual({ status: 'failed', error, attempts: 1 });
  });

  it('is stopped while it waits to try again', async () => {
    const stop = new AbortController();
    const waiting = callPlugin(() => Promise.reject(new InfrastructureError('busy', { retryAfterMs: 60_000 })), {
      ...options,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(new Error('stopped')), 5);
    await expect(waiting).rejects.toThrow('stopped');
  });

  it('holds all calls of a service back for an hour at most', async () => {
    const { meter, asked } = pacedMeter();
    const busy = new InfrastructureError('busy', { rateLimited: true, retryable: false, retryAfterMs: 1e12 });
    await callPlugin(() => Promise.reject(busy), { ...options, meter });
    expect(asked).toEqual([3_600_000]);
  });

  it('takes a wait that is no number for none that was asked', async () => {
    const { meter, asked } = pacedMeter();
    // As `1000 * Number(header)` of a Retry-After that is a date.
    const busy = new InfrastructureError('busy', { rateLimited: true, retryAfterMs: Number.NaN });
    const stop = new AbortController();
    const limits = { ...options.limits, backoffMs: 60_000 };
    const waiting = callPlugin(() => Promise.reject(busy), { ...options, limits, meter, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('stopped')), 50);
    await expect(waiting).rejects.toThrow('stopped');
    expect(asked).toEqual([undefined]);
  });
});

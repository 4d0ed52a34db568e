import { InfrastructureError } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { finishJob } from './job.ts';

const calm = new AbortController().signal;

it('looks until the job is done', async () => {
  let looks = 0;
  const found = await finishJob({ pollSeconds: 0.01, look: async () => (++looks === 3 ? 'done' : undefined) }, calm);
  expect([found, looks]).toEqual(['done', 3]);
});

it('looks again after a fault that may pass, and waits as long as the service asks', async () => {
  let looks = 0;
  const started = performance.now();
  const look = async () => {
    if (++looks === 1) throw new InfrastructureError('busy', { rateLimited: true, retryAfterMs: 60 });
    return 'done';
  };
  expect(await finishJob({ pollSeconds: 0.01, look }, calm)).toBe('done');
  expect(performance.now() - started).toBeGreaterThanOrEqual(55);
});

it('gives up after five such faults in a row, and cancels', async () => {
  let looks = 0;
  let isCancelled = false;
  const job = {
    pollSeconds: 0.01,
    look: async () => Promise.reject(new InfrastructureError(`fault ${++looks}`)),
    cancel: async () => {
      isCancelled = true;
    },
  };
  await expect(finishJob(job, calm)).rejects.toThrow('fault 5');
  expect(isCancelled).toBe(true);
});

it('does not repeat a look whose fault no repetition cures', async () => {
  let looks = 0;
  const look = async () => {
    looks += 1;
    throw new InfrastructureError('gone', { retryable: false });
  };
  await expect(finishJob({ pollSeconds: 0.01, look }, calm)).rejects.toThrow('gone');
  expect(looks).toBe(1);
});

it('cancels and ends with the reason of the signal when stopped, even if cancelling fails', async () => {
  const stop = new AbortController();
  let isCancelled = false;
  const job = finishJob(
    {
      pollSeconds: 30,
      look: async () => undefined,
      cancel: async (signal) => {
        isCancelled = !signal.aborted;
        throw new Error('too late');
      },
    },
    stop.signal,
  );
  stop.abort(new Error('stopped by the user'));
  await expect(job).rejects.toThrow('stopped by the user');
  expect(isCancelled).toBe(true);
});

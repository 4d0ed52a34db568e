import { InfrastructureError } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { startFakeService } from '../../testing/fake-service.ts';
import { fetchMadeImage, finishJob, submitJob } from './job.ts';

const calm = new AbortController().signal;

it('looks until the job is done', async () => {
  let looks = 0;
  const found = await finishJob({ pollSeconds: 0.01, look: async () => (++looks === 3 ? 'done' : undefined) }, calm);
  expect([found, looks]).toEqual(['done', 3]);
});

it('looks again after a fault that may pass, and waits longer after each, or as long as the service asks', async () => {
  const answers = [
    undefined,
    new InfrastructureError('lost'),
    new InfrastructureError('lost again'),
    new InfrastructureError('busy', { rateLimited: true, retryAfterMs: 60_000 }),
    undefined,
    'done',
  ];
  const look = async () => {
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  const waits: number[] = [];
  const wait = async (ms: number) => void waits.push(ms);
  expect(await finishJob({ pollSeconds: 1, look }, calm, wait)).toBe('done');
  expect(waits).toEqual([1000, 2000, 4000, 60_000, 1000]);
});

it('waits no longer than an hour, however long the service asks', async () => {
  const answers = [new InfrastructureError('busy', { retryAfterMs: 1e12 }), 'done'];
  const look = async () => {
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  const waits: number[] = [];
  await finishJob({ pollSeconds: 1, look }, calm, async (ms) => void waits.push(ms));
  expect(waits).toEqual([3_600_000]);
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
  await expect(finishJob(job, calm, async () => undefined)).rejects.toThrow('fault 5');
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

it('cancels a job that the service made while the call was stopped', async () => {
  const stop = new AbortController();
  const cancelled: string[] = [];
  const answer = Promise.withResolvers<string>();
  const job = submitJob(
    () => answer.promise,
    async (id) => cancelled.push(id),
    stop.signal,
  );
  stop.abort(new Error('stopped by the user'));
  answer.resolve('job-1');
  await expect(job).rejects.toThrow('stopped by the user');
  expect(cancelled).toEqual(['job-1']);
});

it('submits once, hands over what the service said, and cancels nothing where the call goes on', async () => {
  const cancel = async () => Promise.reject(new Error('cancelled'));
  expect(await submitJob(async () => 'job-2', cancel, calm)).toBe('job-2');
  await expect(submitJob(async () => Promise.reject(new Error('refused')), cancel, calm)).rejects.toThrow('refused');
  await expect(submitJob(async () => 'job-3', cancel, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
});

it('fetches a made image again after a lost connection and a busy host', async () => {
  const replies = [{ hangUp: true }, { status: 503 }, { body: 'image', headers: { 'content-type': 'image/png' } }];
  await using host = await startFakeService(({ number }) => replies[number]!);
  const bytes = await fetchMadeImage(host.url, { name: 'Fake', context: { fetch } }, calm, async () => undefined);
  expect(Buffer.from(bytes).toString()).toBe('image');
});

it.each([
  ['is too large', { headers: { 'content-type': 'image/png', 'content-length': String(2 ** 30) }, body: 'x' }],
  ['is gone', { status: 404 }],
])('fetches a made image once where it %s', async (_, reply) => {
  await using host = await startFakeService(() => reply);
  const fetched = fetchMadeImage(host.url, { name: 'Fake', context: { fetch } }, calm, async () => undefined);
  await expect(fetched).rejects.toMatchObject({ name: 'InfrastructureError', retryable: false });
  expect(host.received).toHaveLength(1);
});

import { expect, it } from 'vitest';
import { once } from './once.ts';

const calm = new AbortController().signal;

it('runs once for all, and again after a failure', async () => {
  let runs = 0;
  const get = once(async () => {
    runs += 1;
    if (runs === 1) throw new Error('no file');
    return runs;
  });
  await expect(get(calm)).rejects.toThrow('no file');
  expect(await Promise.all([get(calm), get(calm)])).toEqual([2, 2]);
  expect(await get(calm)).toBe(2);
});

it('runs again for those who wait when the first caller is stopped', async () => {
  let runs = 0;
  const get = once(async (signal) => {
    runs += 1;
    if (runs > 1) return 'read';
    return new Promise<string>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  const stop = new AbortController();
  const first = get(stop.signal);
  const second = get(calm);
  stop.abort(new Error('stopped'));
  await expect(first).rejects.toThrow('stopped');
  expect(await second).toBe('read');
});

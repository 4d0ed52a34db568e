import { describeGenerator } from '@diptych/plugin-kit/testing';
import { afterAll, expect, it } from 'vitest';
import {
  faultOf,
  generateOne,
  holdsKey,
  png,
  requestOf,
  testContext,
  testKey,
  tinyPng,
} from '../testing/drive-generator.ts';
import { type ReceivedRequest, type ReplyOf, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import fal from './fal.ts';

const media = await startFakeService(() => png);
const violation = (loc: string[]) => ({
  detail: [
    { loc, msg: 'The content was flagged by a content checker.', type: 'content_policy_violation', categories: ['sexual'] },
  ],
});
const image = { url: `${media.url}/i.png`, width: 1, height: 1, content_type: 'image/png' };

const results: Readonly<Record<string, ReplyOf>> = {
  nsfw: { json: { images: [image], has_nsfw_concepts: [true], prompt: 'nsfw' } },
  'one image': { json: { image, prompt: 'one image' } },
  'no image': { json: { images: [] } },
  'flagged prompt': { status: 422, json: violation(['body', 'prompt']) },
  'flagged whole': { status: 422, json: violation(['body']) },
  'no media': { status: 422, json: { detail: [{ loc: ['body'], msg: 'No media.', type: 'no_media_generated' }] } },
  'bad input': { status: 422, json: { detail: [{ loc: ['body', 'seed'], msg: 'too large', type: 'less_than' }] } },
  runner: { status: 500, headers: { 'x-fal-retryable': 'false' }, json: { detail: 'Internal error' } },
  'lost runner': { status: 503, headers: { 'x-fal-retryable': 'true' }, json: { detail: 'runner lost' } },
  'spent runner': { status: 500, headers: { 'x-fal-needs-retry': '0' }, json: { detail: 'Internal error' } },
  odd: { json: { pictures: 3, images: 'none' } },
  'no member': { json: { seed: 3 } },
};
const queue = new Map<string, { prompt: string; looks: number; isCancelled: boolean }>();

/** Settles once the call under test has been stopped. */
const stopped = Promise.withResolvers<void>();

async function play({ method, path, headers, json }: ReceivedRequest): Promise<ReplyOf> {
  if (headers.authorization !== `Key ${testKey}`) return { status: 401, json: { detail: 'No user found for Key ID' } };
  if (method === 'POST') {
    if (json.prompt === 'crowded') return { status: 429, headers: { 'retry-after': '5' }, json: { detail: 'Too many' } };
    if (json.prompt === 'flagged at once') return { status: 422, json: violation(['body', 'prompt']) };
    const request_id = `r${queue.size}`;
    queue.set(request_id, { prompt: json.prompt, looks: 0, isCancelled: false });
    if (json.prompt === 'slow to queue') await stopped.promise;
    return { json: { request_id, status: 'IN_QUEUE', status_url: 'https://queue.fal.run/elsewhere' } };
  }
  const [, id = '', action] = /^\/fal-ai\/flux\/requests\/(\w+)(?:\/(\w+))?$/.exec(path) ?? [];
  const entry = queue.get(id);
  if (!entry) return { status: 404, json: { detail: 'Request not found' } };
  if (action === 'cancel') {
    entry.isCancelled = method === 'PUT';
    return { status: 202, json: { status: 'CANCELLATION_REQUESTED' } };
  }
  if (action === 'status') {
    entry.looks += 1;
    const status = ['IN_QUEUE', 'IN_PROGRESS'][entry.prompt === 'slow' ? 1 : entry.looks - 1] ?? 'COMPLETED';
    return { status: status === 'COMPLETED' ? 200 : 202, json: { status, queue_position: 0 } };
  }
  return results[entry.prompt] ?? { json: { images: [image], has_nsfw_concepts: [false], prompt: entry.prompt, seed: 11 } };
}

const fake = await startFakeService(play);
afterAll(async () => {
  await fake[Symbol.asyncDispose]();
  await media[Symbol.asyncDispose]();
});
const base = { model: 'fal-ai/flux/dev', baseUrl: fake.url, pollSeconds: 0.01 };
const made = (prompt: string, options = {}) => generateOne(fal, { ...base, ...options }, { request: requestOf({ prompt }) });

describeGenerator(fal, { options: base, context: () => testContext() });

it('submits to the endpoint, asks the application, and fetches the image without the key', async () => {
  const options = { enable_safety_checker: false, image_size: 'square_hd', extra: { acceleration: 'none' } };
  expect(await made('a cat', options)).toEqual({ outcome: 'image', bytes: tinyPng });
  const { path, json } = fake.received.findLast(({ method }) => method === 'POST')!;
  expect(path).toBe('/fal-ai/flux/dev');
  expect(json).toEqual({
    prompt: 'a cat',
    seed: 11,
    enable_safety_checker: false,
    image_size: 'square_hd',
    acceleration: 'none',
  });
  expect(media.received.length).toBeGreaterThan(0);
  expect(media.received.some(holdsKey)).toBe(false);
});

it('reads the single image of some models', async () => {
  expect(await made('one image')).toMatchObject({ outcome: 'image', bytes: tinyPng });
});

it('never fetches the picture behind has_nsfw_concepts', async () => {
  const before = media.received.length;
  expect(await made('nsfw')).toMatchObject({ outcome: 'blocked', stage: 'output', categories: ['nsfw'] });
  expect(media.received.length).toBe(before);
});

it('takes a flagged picture where the checker was turned off', async () => {
  expect(await made('nsfw', { enable_safety_checker: false })).toEqual({
    outcome: 'image',
    bytes: tinyPng,
    warnings: [expect.stringContaining('safety checker was off')],
  });
});

it.each([
  ['flagged prompt', { outcome: 'blocked', stage: 'input', categories: ['sexual'] }],
  ['flagged at once', { outcome: 'blocked', stage: 'input', categories: ['sexual'] }],
  ['flagged whole', { outcome: 'blocked', stage: 'input', categories: ['sexual'] }],
  ['no media', { outcome: 'empty', reason: 'No media.' }],
  ['no image', { outcome: 'empty' }],
])('takes %s as a result, not a fault', async (prompt, expected) => {
  expect(await made(prompt)).toMatchObject(expected);
});

it.each([
  ['bad input', { retryable: false, message: expect.stringContaining('too large') }],
  ['runner', { retryable: false }],
  ['lost runner', { retryable: true }],
  ['spent runner', { retryable: false }],
  ['odd', { retryable: false }],
  ['no member', { retryable: false }],
  ['crowded', { rateLimited: true, retryAfterMs: 5000 }],
])('takes %s as a fault', async (prompt, expected) => {
  expect(await faultOf(made(prompt))).toMatchObject({ name: 'InfrastructureError', ...expected });
});

it('cancels the request when the call is stopped', async () => {
  const stop = new AbortController();
  const call = generateOne(fal, base, { request: requestOf({ prompt: 'slow' }), signal: stop.signal });
  setTimeout(() => stop.abort(new Error('time is up')), 100);
  await expect(call).rejects.toThrow('time is up');
  expect([...queue.values()].at(-1)).toMatchObject({ prompt: 'slow', isCancelled: true });
});

it('cancels the request that the queue names only after the call was stopped', async () => {
  const stop = new AbortController();
  const call = generateOne(fal, base, { request: requestOf({ prompt: 'slow to queue' }), signal: stop.signal });
  await expect.poll(() => [...queue.values()].at(-1)?.prompt).toBe('slow to queue');
  stop.abort(new Error('time is up'));
  stopped.resolve();
  await expect(call).rejects.toThrow('time is up');
  expect([...queue.values()].at(-1)).toMatchObject({ isCancelled: true, looks: 0 });
});

describeServiceFaults(fal, (url) => ({ ...base, baseUrl: url }));

it('asks for the family of a model whose name does not say it', () => {
  const issues = fal.options.safeParse({ ...base, model: 'fal-ai/bagel' }).error?.issues;
  expect(issues).toMatchObject([{ path: ['family'], message: expect.stringContaining('fal-ai/bagel') }]);
});

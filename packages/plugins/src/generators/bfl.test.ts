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
import bfl from './bfl.ts';

// Another port is another host: images come from there, as from the delivery hosts of the service.
const media = await startFakeService(({ path, number }) => {
  if (path === '/expired') return { status: 403, body: 'signature expired' };
  // A host of images that fails now and then does not cost another task.
  return number % 2 === 0 ? { status: 503 } : png;
});
const tasks = new Map<string, { prompt: string; looks: number }>();

/** What a task ends as, by a word of its prompt. */
const endings: readonly [word: string, body: object][] = [
  ['flagged prompt', { status: 'Request Moderated', result: null, details: { 'Moderation Reasons': ['Violence'] } }],
  ['flagged picture', { status: 'Content Moderated', result: null, details: null }],
  ['against policy', { status: 'Error', error: 'content_policy_violation', message: 'The prompt violated content policy' }],
  ['failed', { status: 'Failed' }],
  ['broken', { status: 'Error', result: null, details: { error: 'out of memory' } }],
  ['forgotten', { status: 'Task not found' }],
  ['without sample', { status: 'Ready', result: {} }],
  ['expired', { status: 'Ready', result: { sample: `${media.url}/expired` } }],
  ['', { status: 'Ready', result: { sample: `${media.url}/i.png?sig=abc`, prompt: 'an upsampled cat', seed: 11 } }],
];

function play({ method, path, query, headers, json }: ReceivedRequest): ReplyOf {
  if (headers['x-key'] !== testKey) return { status: 403, json: { detail: 'Not authenticated' } };
  if (method === 'POST') {
    if (json.prompt.includes('crowded')) return { status: 429, json: { detail: 'Too many active tasks' } };
    if (json.prompt.includes('odd')) return { json: { task: 1 } };
    const id = `task-${tasks.size}`;
    tasks.set(id, { prompt: json.prompt, looks: 0 });
    const host = json.prompt.includes('elsewhere') ? media.url : fake.url;
    return { json: { id, polling_url: `${host}/v1/get_result?id=${id}`, cost: 3 } };
  }
  const task = tasks.get(query.get('id')!)!;
  task.looks += 1;
  if (path !== '/v1/get_result') return { status: 404 };
  if (task.prompt.includes('slow')) return { json: { status: 'Pending' } };
  if (task.looks === 1) return { json: { status: 'Pending', result: null } };
  if (task.looks === 2) return { status: 503 };
  if (task.prompt.includes('moderated badly')) return { status: 503, json: { status: 'Request Moderated' } };
  return { json: endings.find(([word]) => task.prompt.includes(word))![1] };
}

const fake = await startFakeService(play);
afterAll(async () => {
  await fake[Symbol.asyncDispose]();
  await media[Symbol.asyncDispose]();
});
const base = { baseUrl: fake.url, pollSeconds: 0.01 };
const made = (prompt: string, options = {}) => generateOne(bfl, { ...base, ...options }, { request: requestOf({ prompt }) });

describeGenerator(bfl, { options: base, context: () => testContext() });

it('submits, looks until Ready through a lost look, and fetches the image without the key', async () => {
  const options = { model: 'flux-pro-1.1', safety_tolerance: 5, extra: { raw: true } };
  expect(await made('a cat', options)).toEqual({
    outcome: 'image',
    bytes: tinyPng,
    revisedPrompt: 'an upsampled cat',
    costUsd: 0.03,
  });
  const post = fake.received.findLast(({ method }) => method === 'POST')!;
  expect(post.path).toBe('/v1/flux-pro-1.1');
  expect(post.json).toEqual({ prompt: 'a cat', seed: 11, safety_tolerance: 5, raw: true });
  expect(fake.received.every(holdsKey)).toBe(true);
  expect(media.received.length).toBeGreaterThan(0);
  expect(media.received.some(holdsKey)).toBe(false);
});

it('takes both moderations as blocked, at their stage and with their reasons, and asks once', async () => {
  const before = tasks.size;
  expect(await made('flagged prompt')).toEqual({
    outcome: 'blocked',
    stage: 'input',
    reason: 'Request Moderated: Violence',
    categories: ['Violence'],
  });
  expect(await made('flagged picture')).toMatchObject({ outcome: 'blocked', stage: 'output', reason: 'Content Moderated' });
  expect(tasks.size).toBe(before + 2);
  expect(await made('moderated badly')).toMatchObject({ outcome: 'blocked', stage: 'input' });
  expect(await made('against policy')).toMatchObject({ outcome: 'blocked', reason: 'content_policy_violation' });
});

it('is empty where a task is ready without a sample', async () => {
  expect(await made('without sample')).toMatchObject({ outcome: 'empty' });
});

it.each([
  ['broken', { retryable: false, message: expect.stringContaining('out of memory') }],
  ['forgotten', { retryable: false }],
  ['failed', { retryable: false }],
  ['crowded', { rateLimited: true }],
  ['odd', { retryable: false }],
  ['expired', { retryable: false }],
])('takes %s as a fault', async (prompt, expected) => {
  expect(await faultOf(made(prompt))).toMatchObject({ name: 'InfrastructureError', ...expected });
});

it('sends the key to no polling address of another host', async () => {
  const before = media.received.length;
  expect((await faultOf(made('elsewhere'))).message).toContain('The key was not sent there');
  expect(media.received.length).toBe(before);
});

describeServiceFaults(bfl, (url) => ({ ...base, baseUrl: url }));

it('stops looking when the call is stopped', async () => {
  const stop = new AbortController();
  const call = generateOne(bfl, base, { request: requestOf({ prompt: 'slow' }), signal: stop.signal });
  setTimeout(() => stop.abort(new Error('time is up')), 80);
  await expect(call).rejects.toThrow('time is up');
});

it('knows the price of a megapixel, and none above it', async () => {
  const estimateOf = async (options: object) =>
    (await bfl.create(bfl.options.parse({ ...base, ...options }), testContext())).estimate;
  expect(await estimateOf({})).toMatchObject({ usdPerItem: 0.03, asOf: '2026-11-24' });
  expect(await estimateOf({ width: 2048, height: 2048 })).toMatchObject({ usdPerItem: null });
});

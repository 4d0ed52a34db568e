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
  tinyPngBase64,
} from '../testing/drive-generator.ts';
import { type ReceivedRequest, type ReplyOf, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import replicate from './replicate.ts';

const media = await startFakeService(({ path }) => (path === '/gone' ? { status: 404 } : png));
const sensitive = 'The input or output was flagged as sensitive. Please try again with different inputs. (E005)';
const nsfw = 'NSFW content detected. Try running it again, or try a different prompt.';

const endings: Readonly<Record<string, object>> = {
  'a list': { status: 'succeeded', output: [`${media.url}/0.png`, `${media.url}/1.png`] },
  'an object': { status: 'succeeded', output: { images: [{ url: `${media.url}/0.png` }] } },
  inline: { status: 'succeeded', output: `data:image/png;base64,${tinyPngBase64}` },
  'an empty list': { status: 'succeeded', output: [] },
  removed: { status: 'succeeded', output: null, data_removed: true },
  gone: { status: 'succeeded', output: `${media.url}/gone` },
  sensitive: { status: 'failed', error: sensitive },
  nsfw: { status: 'failed', error: nsfw },
  'flagged prompt': { status: 'failed', error: 'Your prompt was rejected by the content policy.' },
  broken: { status: 'failed', error: 'CUDA out of memory' },
  stopped: { status: 'canceled' },
  'not started': { status: 'failed', error: 'Prediction interrupted; please retry (code: E6716)' },
  deadline: { status: 'aborted' },
};
const predictions = new Map<string, { word: string; looks: number; isCancelled: boolean }>();
const stateOf = (id: string): object => {
  const { word, looks, isCancelled } = predictions.get(id)!;
  if (isCancelled) return { id, status: 'canceled' };
  if (looks < 2 || word === 'slow') return { id, status: looks === 0 ? 'starting' : 'processing', output: null };
  return { id, error: null, ...(endings[word] ?? { status: 'succeeded', output: `${media.url}/0.png` }) };
};

function play({ method, path, headers, json }: ReceivedRequest): ReplyOf {
  if (headers.authorization !== `Bearer ${testKey}`) return { status: 401, json: { detail: 'Unauthenticated' } };
  const cancelled = /^\/v1\/predictions\/([\w-]+)\/cancel$/.exec(path)?.[1];
  if (method === 'POST' && cancelled !== undefined) {
    predictions.get(cancelled)!.isCancelled = true;
    return { json: stateOf(cancelled) };
  }
  if (method === 'POST') {
    const word: string = json.input.prompt ?? json.input.text;
    if (word === 'crowded')
      return { status: 429, headers: { 'retry-after': '30' }, json: { detail: 'Request was throttled.' } };
    if (word === 'penniless') return { status: 402, json: { title: 'Insufficient credit' } };
    const id = `p${predictions.size}`;
    predictions.set(id, { word, looks: word === 'at once' ? 2 : 0, isCancelled: false });
    return { status: 201, json: stateOf(id) };
  }
  const id = path.split('/').at(-1)!;
  predictions.get(id)!.looks += 1;
  return { json: stateOf(id) };
}

const fake = await startFakeService(play);
afterAll(async () => {
  await fake[Symbol.asyncDispose]();
  await media[Symbol.asyncDispose]();
});
const base = { model: 'black-forest-labs/flux-schnell', baseUrl: `${fake.url}/v1`, pollSeconds: 0.01 };
const made = (prompt: string, options = {}) =>
  generateOne(replicate, { ...base, ...options }, { request: requestOf({ prompt }) });

describeGenerator(replicate, { options: base, context: () => testContext() });

it('creates a prediction, looks until it succeeded, and fetches the image without the key', async () => {
  expect(await made('a cat', { input: { num_outputs: 1 } })).toEqual({
    outcome: 'image',
    bytes: tinyPng,
    // Of the price table.
    costUsd: 0.003,
  });
  const { path, headers, json } = fake.received.findLast(({ method }) => method === 'POST')!;
  expect(path).toBe('/v1/models/black-forest-labs/flux-schnell/predictions');
  expect(headers).toMatchObject({ prefer: 'wait=10', 'cancel-after': '10m' });
  expect(json).toEqual({ input: { num_outputs: 1, prompt: 'a cat', seed: 11 } });
  expect(media.received.some(holdsKey)).toBe(false);
});

it('names a version and maps the inputs of its schema', async () => {
  const version = 'ab'.repeat(32);
  const options = { model: `someone/sdxl:${version}`, promptInput: 'text', seedInput: null };
  expect(await made('a cat', options)).toMatchObject({ outcome: 'image', warnings: [expect.stringContaining('no seed')] });
  const { path, json } = fake.received.findLast(({ method }) => method === 'POST')!;
  expect([path, json]).toEqual(['/v1/predictions', { version, input: { text: 'a cat' } }]);
});

it('looks no more where the first answer is whole', async () => {
  const before = fake.received.length;
  expect(await made('at once')).toMatchObject({ outcome: 'image' });
  expect(fake.received.length).toBe(before + 1);
});

it('keeps seeds within what the model takes', async () => {
  await generateOne(replicate, base, { request: requestOf({ seed: 4_294_967_295 }) });
  expect(fake.received.findLast(({ method }) => method === 'POST')!.json.input.seed).toBe(2_147_483_647);
});

it.each(['a list', 'an object', 'inline'])('reads %s as output', async (word) => {
  expect(await made(word)).toMatchObject({ outcome: 'image', bytes: tinyPng });
});

it.each([
  ['sensitive', { outcome: 'blocked', stage: 'output', reason: sensitive }],
  ['nsfw', { outcome: 'blocked', stage: 'output', reason: nsfw }],
  ['flagged prompt', { outcome: 'blocked', stage: 'input' }],
  ['an empty list', { outcome: 'empty' }],
])('takes %s as a result, not a fault', async (word, expected) => {
  expect(await made(word)).toMatchObject(expected);
});

it.each([
  ['broken', { retryable: false, message: expect.stringContaining('CUDA out of memory') }],
  ['stopped', { retryable: false }],
  ['not started', { retryable: true }],
  ['deadline', { retryable: true }],
  ['removed', { retryable: false }],
  ['gone', { retryable: false }],
  ['crowded', { rateLimited: true, retryAfterMs: 30_000 }],
  ['penniless', { retryable: false }],
])('takes %s as a fault', async (word, expected) => {
  expect(await faultOf(made(word))).toMatchObject({ name: 'InfrastructureError', ...expected });
});

it('cancels the prediction when the call is stopped', async () => {
  const stop = new AbortController();
  const call = generateOne(replicate, base, { request: requestOf({ prompt: 'slow' }), signal: stop.signal });
  setTimeout(() => stop.abort(new Error('time is up')), 100);
  await expect(call).rejects.toThrow('time is up');
  expect([...predictions.values()].at(-1)).toMatchObject({ word: 'slow', isCancelled: true });
});

it('asks for the family of a model whose name does not say it', () => {
  const unknown = { ...base, model: 'deepseek-ai/janus-pro-7b' };
  expect(replicate.options.safeParse(unknown).error?.issues).toMatchObject([{ path: ['family'] }]);
  const stated = replicate.options.parse({ ...unknown, family: 'mllm', decoder: 'vq' });
  expect(replicate.traitsOf?.(stated)).toEqual({ family: 'mllm', decoder: 'vq' });
  expect(replicate.traitsOf?.(replicate.options.parse(base))).toEqual({ family: 'diffusion', decoder: 'vae' });
});

describeServiceFaults(replicate, (url) => ({ ...base, baseUrl: url }));

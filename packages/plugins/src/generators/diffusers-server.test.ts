import { describeGenerator } from '@diptych/plugin-kit/testing';
import { afterAll, expect, it } from 'vitest';
import {
  faultOf,
  generateOne,
  holdsKey,
  png,
  requestOf,
  testContext,
  tinyPng,
  tinyPngBase64,
} from '../testing/drive-generator.ts';
import { type ReceivedRequest, type ReplyOf, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import diffusersServer from './diffusers-server.ts';

const traceback =
  'Traceback (most recent call last):\n  File "server.py", line 99\ntorch.OutOfMemoryError: CUDA out of memory';
const endings: Readonly<Record<string, () => ReplyOf>> = {
  'base64 data': () => ({ json: { data: [{ b64_json: tinyPngBase64, nsfw_content_detected: false }] } }),
  'plain images': () => ({ json: { images: [tinyPngBase64], nsfw_content_detected: [false] } }),
  'nsfw beside': () => ({ json: { images: [tinyPngBase64], nsfw_content_detected: [true] } }),
  'nsfw inside': () => ({ json: { data: [{ b64_json: tinyPngBase64, nsfw_content_detected: true }] } }),
  'no image': () => ({ json: { data: [] } }),
  gone: () => ({ json: { data: [{ url: `${fake.url}/images/gone.png` }] } }),
  memory: () => ({ status: 500, json: { detail: traceback } }),
  odd: () => ({ json: { result: 1 } }),
  page: () => ({ body: '<html>' }),
};
function play({ method, path, json }: ReceivedRequest): ReplyOf {
  if (method === 'GET') return path === '/images/draw1.png' ? png : { status: 404 };
  return (endings[json.prompt] ?? (() => ({ json: { data: [{ url: `${fake.url}/images/draw1.png` }] } })))();
}

const fake = await startFakeService(play);
afterAll(() => fake[Symbol.asyncDispose]());
const base = { model: 'stabilityai/stable-diffusion-3.5-large', baseUrl: fake.url };
const made = (prompt: string, options = {}) =>
  generateOne(diffusersServer, { ...base, ...options }, { request: requestOf({ prompt }) });

describeGenerator(diffusersServer, { options: base, context: () => testContext() });

it('asks the example server, fetches the image, and says that the seed was not sent', async () => {
  expect(await made('a cat', { size: '1024x1024' })).toEqual({
    outcome: 'image',
    bytes: tinyPng,
    costUsd: 0,
    warnings: [expect.stringContaining('seedParameter')],
  });
  const { path, json } = fake.received.findLast(({ method }) => method === 'POST')!;
  expect([path, json]).toEqual(['/v1/images/generations', { prompt: 'a cat', model: base.model, n: 1, size: '1024x1024' }]);
});

it('sends the seed where the server takes one, and a key only to the server', async () => {
  expect(await made('a cat', { seedParameter: 'seed', keyName: 'SERVER_KEY' })).not.toHaveProperty('warnings');
  const [post, get] = fake.received.slice(-2);
  expect(post!.json.seed).toBe(11);
  expect([holdsKey(post!), holdsKey(get!)]).toEqual([true, false]);
});

it.each([
  ['base64 data', { outcome: 'image', bytes: tinyPng }],
  ['plain images', { outcome: 'image', bytes: tinyPng }],
  ['nsfw beside', { outcome: 'blocked', stage: 'output', categories: ['nsfw'] }],
  ['nsfw inside', { outcome: 'blocked', stage: 'output', categories: ['nsfw'] }],
  ['no image', { outcome: 'empty' }],
])('takes %s as a result, not a fault', async (prompt, expected) => {
  expect(await made(prompt)).toMatchObject(expected);
});

it('takes the last line of what the server raised', async () => {
  const { message, retryable } = await faultOf(made('memory'));
  expect(message).toContain('torch.OutOfMemoryError: CUDA out of memory');
  expect(message).not.toContain('Traceback');
  expect(retryable).toBe(true);
});

it.each(['gone', 'odd', 'page'])('takes %s as a fault that no repetition cures', async (prompt) => {
  expect(await faultOf(made(prompt))).toMatchObject({ name: 'InfrastructureError', retryable: false });
});

describeServiceFaults(diffusersServer, (url) => ({ ...base, keyName: 'SERVER_KEY', baseUrl: url }));

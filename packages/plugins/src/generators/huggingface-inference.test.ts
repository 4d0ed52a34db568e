import { describeGenerator } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it } from 'vitest';
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
import huggingface from './huggingface-inference.ts';

const media = await startFakeService(() => png);
const model = 'black-forest-labs/FLUX.1-schnell';
const live = { status: 'live', task: 'text-to-image' };
const inferenceProviderMapping = {
  'fal-ai': { ...live, providerId: 'fal-ai/flux/schnell' },
  replicate: { ...live, providerId: 'black-forest-labs/flux-schnell' },
  together: { ...live, providerId: 'black-forest-labs/FLUX.1-schnell-Free' },
  nscale: { ...live, providerId: 'black-forest-labs/FLUX.1-schnell', task: 'image-to-image' },
};
const violation = { detail: [{ type: 'content_policy_violation', msg: 'flagged', loc: ['body', 'prompt'] }] };
const ok: Readonly<Record<string, ReplyOf>> = {
  'hf-inference': { ...png, headers: { 'content-type': 'image/png' } },
  'fal-ai': { json: { images: [{ url: `${media.url}/i.png` }], has_nsfw_concepts: [false] } },
  nscale: { json: { data: [{ b64_json: tinyPngBase64 }] } },
  replicate: { json: { status: 'succeeded', output: [`${media.url}/i.png`] } },
  together: { json: { data: [{ b64_json: tinyPngBase64 }] } },
};
const endings: Readonly<Record<string, ReplyOf>> = {
  cold: {
    status: 503,
    json: { error: 'Model black-forest-labs/FLUX.1-schnell is currently loading', estimated_time: 20.5 },
  },
  crowded: { status: 429, headers: { 'retry-after': '4' }, json: { error: 'Too many requests' } },
  spent: { status: 402, json: { error: 'You have exceeded your monthly included credits' } },
  nsfw: { json: { images: [{ url: `${media.url}/black.png` }], has_nsfw_concepts: [true] } },
  'flagged prompt': { status: 422, json: violation },
  'flagged picture': { json: { status: 'failed', error: 'NSFW content detected. Try a different prompt.' } },
  broken: { json: { status: 'failed', error: 'CUDA error', input: { prompt: 'an NSFW word in the prompt' } } },
  'still running': { json: { id: 'p1', status: 'processing', output: null } },
  'unsafe words': { status: 422, json: { error: { message: 'NSFW content detected in the prompt' } } },
  'wrong size': { status: 422, json: { error: { message: 'width must be at most 1792', param: 'width' } } },
  'by address': { json: { output: [`${media.url}/i.png`] } },
  none: { json: { data: [] } },
  odd: { json: { pictures: 1 } },
};

const prompts = new Map<string, string>();

/** fal's queue behind the router: the model of the request is not the one that was asked. */
function playQueue({ method, path, query, json }: ReceivedRequest): ReplyOf {
  if (query.get('_subdomain') !== 'queue') return { status: 404 };
  if (method === 'POST') {
    const id = `r${prompts.size}`;
    prompts.set(id, json.prompt);
    return {
      json: { request_id: id, status: 'IN_QUEUE', response_url: `https://queue.fal.run/fal-ai/flux/requests/${id}` },
    };
  }
  const [, id = '', status] = /^\/fal-ai\/fal-ai\/flux\/requests\/(\w+)(\/status)?$/.exec(path) ?? [];
  if (status) return { json: { status: 'COMPLETED' } };
  return endings[prompts.get(id)!] ?? ok['fal-ai']!;
}

function play(received: ReceivedRequest): ReplyOf {
  const { path, headers, json } = received;
  if (headers.authorization !== `Bearer ${testKey}`)
    return { status: 401, json: { error: 'Invalid username or password.' } };
  if (path === `/api/models/${model}`) return { json: { id: model, inferenceProviderMapping } };
  if (path.startsWith('/fal-ai/')) return playQueue(received);
  const prompt = json.inputs ?? json.prompt ?? json.input.prompt;
  return endings[prompt] ?? ok[path.split('/')[1]!] ?? { status: 404 };
}

const fake = await startFakeService(play);
afterAll(async () => {
  await fake[Symbol.asyncDispose]();
  await media[Symbol.asyncDispose]();
});
const base = { model, baseUrl: fake.url, hubUrl: fake.url, pollSeconds: 0.01 };
const made = (prompt: string, options = {}) =>
  generateOne(huggingface, { ...base, ...options }, { request: requestOf({ prompt }) });

describeGenerator(huggingface, { options: base, context: () => testContext() });

it('sends the task to hf-inference and takes the file that comes back', async () => {
  expect(await made('a cat', { guidance_scale: 3 })).toEqual({ outcome: 'image', bytes: tinyPng });
  const { path, headers, json } = fake.received.at(-1)!;
  expect([path, headers.accept]).toEqual([`/hf-inference/models/${model}`, 'image/*']);
  expect(json).toEqual({ inputs: 'a cat', parameters: { seed: 11, guidance_scale: 3 } });
});

it.each([
  ['fal-ai', '/fal-ai/fal-ai/flux/schnell', { prompt: 'a cat', seed: 11, num_inference_steps: 4 }],
  [
    'replicate',
    '/replicate/v1/models/black-forest-labs/flux-schnell/predictions',
    { input: { prompt: 'a cat', seed: 11, num_inference_steps: 4 } },
  ],
  [
    'together',
    '/together/v1/images/generations',
    { model: inferenceProviderMapping.together.providerId, prompt: 'a cat', seed: 11, steps: 4, response_format: 'base64' },
  ],
  [
    'nscale',
    '/nscale/v1/images/generations',
    { model: 'flux', prompt: 'a cat', seed: 11, num_inference_steps: 4, response_format: 'b64_json' },
  ],
] as const)('calls %s by the name that the Hub maps the model to', async (provider, path, json) => {
  const options = { provider, num_inference_steps: 4, ...(provider === 'nscale' && { providerModel: 'flux' }) };
  expect(await made('a cat', options)).toEqual({ outcome: 'image', bytes: tinyPng });
  expect(fake.received.findLast(({ method }) => method === 'POST')).toMatchObject({ path, json });
  expect(media.received.some(holdsKey)).toBe(false);
});

it('asks the Hub once, and not where the name is given', async () => {
  const instance = await huggingface.create(huggingface.options.parse({ ...base, provider: 'together' }), testContext());
  const asked = () => fake.received.filter(({ path }) => path.startsWith('/api/')).length;
  const before = asked();
  await instance.generate([requestOf(), requestOf()], AbortSignal.timeout(20_000));
  expect(asked()).toBe(before + 1);
  await made('a cat', { provider: 'together', providerModel: 'flux' });
  expect(asked()).toBe(before + 1);
});

it('says what the Hub offers where the provider does not do the task', async () => {
  const { message, retryable } = await faultOf(made('a cat', { provider: 'nscale' }));
  expect(message).toContain('nscale (image-to-image)');
  expect(retryable).toBe(false);
});

it.each([
  ['nsfw', 'fal-ai', { outcome: 'blocked', stage: 'output', categories: ['nsfw'] }],
  ['flagged prompt', 'fal-ai', { outcome: 'blocked', stage: 'input' }],
  ['flagged picture', 'replicate', { outcome: 'blocked', stage: 'output', reason: expect.stringContaining('NSFW') }],
  ['none', 'together', { outcome: 'empty' }],
  ['unsafe words', 'together', { outcome: 'blocked', stage: 'input' }],
  ['by address', 'hf-inference', { outcome: 'image', bytes: tinyPng }],
])('takes %s of %s as a result, not a fault', async (prompt, provider, expected) => {
  expect(await made(prompt, { provider })).toMatchObject(expected);
});

it.each([
  ['cold', 'hf-inference', { retryable: true, rateLimited: false, retryAfterMs: 20_500 }],
  ['crowded', 'hf-inference', { rateLimited: true, retryAfterMs: 4000 }],
  ['spent', 'hf-inference', { retryable: false }],
  ['broken', 'replicate', { retryable: false }],
  ['odd', 'together', { retryable: false }],
  ['odd', 'fal-ai', { retryable: false }],
  ['odd', 'hf-inference', { retryable: false }],
  ['wrong size', 'together', { retryable: false }],
  ['still running', 'replicate', { retryable: true, message: expect.stringContaining('still processing') }],
])('takes %s of %s as a fault', async (prompt, provider, expected) => {
  expect(await faultOf(made(prompt, { provider }))).toMatchObject({ name: 'InfrastructureError', ...expected });
});

describe.each(['hf-inference', 'fal-ai', 'replicate', 'together', 'nscale'] as const)('through %s', (provider) => {
  describeServiceFaults(huggingface, (url) => ({ ...base, provider, providerModel: 'flux', baseUrl: url }));
});

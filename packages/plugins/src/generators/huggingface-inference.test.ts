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
import huggingface from './huggingface-inference.ts';

const media = await startFakeService(() => png);
const model = 'black-forest-labs/FLUX.1-schnell';
const live = { status: 'live', task: 'text-to-image' };
const inferenceProviderMapping = {
  'fal-ai': { ...live, providerId: 'fal-ai/flux/schnell' },
  replicate: { ...live, providerId: 'black-forest-labs/flux-schnell' },
  together: { ...live, providerId: 'black-forest-labs/FLUX.1-schnell-Free' },
  nebius: { ...live, providerId: 'black-forest-labs/flux-schnell', task: 'image-to-image' },
};
const violation = { detail: [{ type: 'content_policy_violation', msg: 'flagged', loc: ['body', 'prompt'] }] };
const ok: Readonly<Record<string, ReplyOf>> = {
  'hf-inference': { ...png, headers: { 'content-type': 'image/png' } },
  'fal-ai': { json: { images: [{ url: `${media.url}/i.png` }], has_nsfw_concepts: [false] } },
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
  broken: { json: { status: 'failed', error: 'CUDA error' } },
  none: { json: { data: [] } },
  odd: { json: { pictures: 1 } },
};

function play({ path, headers, json }: ReceivedRequest): ReplyOf {
  if (headers.authorization !== `Bearer ${testKey}`)
    return { status: 401, json: { error: 'Invalid username or password.' } };
  if (path === `/api/models/${model}`) return { json: { id: model, inferenceProviderMapping } };
  const prompt = json.inputs ?? json.prompt ?? json.input.prompt;
  return endings[prompt] ?? ok[path.split('/')[1]!] ?? { status: 404 };
}

const fake = await startFakeService(play);
afterAll(async () => {
  await fake[Symbol.asyncDispose]();
  await media[Symbol.asyncDispose]();
});
const base = { model, baseUrl: fake.url, hubUrl: fake.url };
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
] as const)('calls %s by the name that the Hub maps the model to', async (provider, path, json) => {
  expect(await made('a cat', { provider, num_inference_steps: 4 })).toEqual({ outcome: 'image', bytes: tinyPng });
  expect(fake.received.at(-1)).toMatchObject({ path, json });
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
  const { message, retryable } = await faultOf(made('a cat', { provider: 'nebius' }));
  expect(message).toContain('nebius (image-to-image)');
  expect(retryable).toBe(false);
});

it.each([
  ['nsfw', 'fal-ai', { outcome: 'blocked', stage: 'output', categories: ['nsfw'] }],
  ['flagged prompt', 'fal-ai', { outcome: 'blocked', stage: 'input' }],
  ['flagged picture', 'replicate', { outcome: 'blocked', stage: 'output', reason: expect.stringContaining('NSFW') }],
  ['none', 'together', { outcome: 'empty' }],
])('takes %s of %s as a result, not a fault', async (prompt, provider, expected) => {
  expect(await made(prompt, { provider })).toMatchObject(expected);
});

it.each([
  ['cold', 'hf-inference', { retryable: true, rateLimited: false, retryAfterMs: 20_500 }],
  ['crowded', 'hf-inference', { rateLimited: true, retryAfterMs: 4000 }],
  ['spent', 'hf-inference', { retryable: false }],
  ['broken', 'replicate', { retryable: true }],
  ['odd', 'together', { retryable: false }],
])('takes %s of %s as a fault', async (prompt, provider, expected) => {
  expect(await faultOf(made(prompt, { provider }))).toMatchObject({ name: 'InfrastructureError', ...expected });
});

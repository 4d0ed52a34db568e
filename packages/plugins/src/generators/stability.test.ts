import { describeGenerator } from '@diptych/plugin-kit/testing';
import { afterAll, expect, it } from 'vitest';
import {
  faultOf,
  generateOne,
  png,
  requestOf,
  testContext,
  testKey,
  tinyPng,
  tinyPngBase64,
} from '../testing/drive-generator.ts';
import { type ReceivedRequest, type ReplyOf, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import stability from './stability.ts';

const flagged = [
  'Your request was flagged by our content moderation system, as a result your request was denied and you were not charged.',
];

/** The documented API: the prompt chooses how it ends. */
function play({ headers, body }: ReceivedRequest): ReplyOf {
  const form = body.toString('latin1');
  const has = (word: string) => form.includes(word);
  if (headers.authorization !== `Bearer ${testKey}`)
    return { status: 401, json: { id: '1', name: 'unauthorized', errors: [`bad key ${headers.authorization}`] } };
  if (has('forbidden prompt')) return { status: 403, json: { name: 'content_moderation', errors: flagged } };
  if (has('closed account')) return { status: 403, json: { id: '1', name: 'forbidden', errors: ['no permission'] } };
  if (has('crowded'))
    return { status: 429, headers: { 'retry-after': '2' }, json: { id: '1', name: 'rate_limit_exceeded' } };
  if (has('blurred')) return { ...png, headers: { ...png.headers, 'finish-reason': 'CONTENT_FILTERED', seed: '1' } };
  if (has('html')) return { body: '<html>', headers: { 'content-type': 'text/html' } };
  if (has('huge')) return { body: tinyPng, headers: { 'content-type': 'image/png', 'content-length': String(2 ** 40) } };
  if (headers.accept === 'application/json' && has('withheld')) return { json: { finish_reason: 'CONTENT_FILTERED' } };
  if (headers.accept === 'application/json') return { json: { image: tinyPngBase64, finish_reason: 'SUCCESS', seed: 7 } };
  return { ...png, headers: { ...png.headers, 'finish-reason': 'SUCCESS' } };
}

const fake = await startFakeService(play);
afterAll(() => fake[Symbol.asyncDispose]());
const made = (prompt: string, options = {}) =>
  generateOne(stability, { baseUrl: fake.url, ...options }, { request: requestOf({ prompt }) });

describeGenerator(stability, { options: { baseUrl: fake.url }, context: () => testContext() });

it('sends the model, the seed and the parameters as form fields to the endpoint of the model', async () => {
  const options = { model: 'sd3.5-large-turbo', aspect_ratio: '2:3', extra: { cfg_scale: 2 } } as const;
  expect(await made('a cat', options)).toMatchObject({ outcome: 'image', bytes: tinyPng });
  const { path, body, headers } = fake.received.at(-1)!;
  expect([path, headers.accept]).toEqual(['/v2beta/stable-image/generate/sd3', 'image/*']);
  for (const [name, value] of Object.entries({
    model: 'sd3.5-large-turbo',
    aspect_ratio: '2:3',
    cfg_scale: '2',
    seed: '11',
  }))
    expect(body.toString()).toMatch(new RegExp(`name="${name}"\\r\\n\\r\\n${value}\\r\\n`));
  await made('a cat', { model: 'ultra' });
  expect(fake.received.at(-1)!.path).toBe('/v2beta/stable-image/generate/ultra');
});

it.each([
  [0, 1],
  [4_294_967_295, 4_294_967_294],
])('never sends seed %i, which is random or out of range there', async (seed, sent) => {
  await generateOne(stability, { baseUrl: fake.url }, { request: requestOf({ seed }) });
  expect(fake.received.at(-1)!.body.toString()).toContain(`name="seed"\r\n\r\n${sent}\r\n`);
});

it('reads base64 in JSON', async () => {
  expect(await made('a cat', { accept: 'application/json' })).toMatchObject({ outcome: 'image', bytes: tinyPng });
});

it('is blocked at the input by content_moderation and at the output by CONTENT_FILTERED', async () => {
  expect(await made('forbidden prompt')).toEqual({ outcome: 'blocked', stage: 'input', reason: flagged[0] });
  const filtered = { outcome: 'blocked', stage: 'output', categories: ['CONTENT_FILTERED'] };
  expect(await made('blurred')).toMatchObject(filtered);
  expect(await made('withheld', { accept: 'application/json' })).toMatchObject(filtered);
});

it.each([
  ['closed account', { retryable: false }],
  ['crowded', { rateLimited: true, retryAfterMs: 2000 }],
  ['html', { retryable: false }],
  ['huge', { retryable: false }],
])('takes %s as a fault', async (prompt, expected) => {
  expect(await faultOf(made(prompt))).toMatchObject({ name: 'InfrastructureError', ...expected });
});

describeServiceFaults(stability, (url) => ({ baseUrl: url }));

it('never shows a key, even one that the service repeats', async () => {
  const context = { ...testContext(), secret: () => 'wrong-key-9876543210' };
  const instance = await stability.create(stability.options.parse({ baseUrl: fake.url }), context);
  const { message } = await faultOf(instance.generate([requestOf()], AbortSignal.timeout(20_000)));
  expect(message).toContain('STABILITY_API_KEY');
  expect(message).not.toContain('wrong-key-9876543210');
});

it('costs what the user says, and shares its pace with other models of the key', async () => {
  expect(await made('a cat', { usdPerImage: 0.065 })).toMatchObject({ costUsd: 0.065 });
  expect(await made('forbidden prompt', { usdPerImage: 0.065 })).not.toHaveProperty('costUsd');
  const instance = await stability.create(
    stability.options.parse({ baseUrl: fake.url, requestsPerMinute: 900 }),
    testContext(),
  );
  expect(instance.pacing).toEqual({ key: 'stability:STABILITY_API_KEY', requestsPerMinute: 900 });
});

import { describeGenerator } from '@diptych/plugin-kit/testing';
import { afterAll, expect, it } from 'vitest';
import {
  faultOf,
  generateOne,
  requestOf,
  testContext,
  testKey,
  tinyPng,
  tinyPngBase64,
} from '../testing/drive-generator.ts';
import { type ReceivedRequest, type ReplyOf, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import automatic1111 from './automatic1111.ts';

const answer = (info: object | string, images: string[] | null = [tinyPngBase64]) => ({
  json: { images, parameters: {}, info: typeof info === 'string' ? info : JSON.stringify(info) },
});
const endings: Readonly<Record<string, (seed: number) => ReplyOf>> = {
  nsfw: (seed) => answer({ seed, extra_generation_params: { nsfw: [true] } }),
  'no image': (seed) => answer({ seed }, []),
  'null image': (seed) => answer({ seed }, null),
  'other seed': () => answer({ seed: 1 }),
  'other info': () => answer('Steps: 20, Seed: 11'),
  'no checkpoint': () => ({
    status: 404,
    json: { error: 'HTTPException', detail: 'Model not found', body: '', errors: '' },
  }),
  memory: () => ({ status: 500, json: { error: 'OutOfMemoryError', detail: '', errors: 'CUDA out of memory' } }),
  'not base64': () => answer({}, ['<html>']),
  slow: () => ({ ...answer({}), delayMs: 3000 }),
};
function play({ path, json }: ReceivedRequest): ReplyOf {
  if (path === '/sdapi/v1/interrupt') return { json: {} };
  if (path !== '/sdapi/v1/txt2img') return { status: 404, json: { detail: 'Not Found' } };
  return (endings[json.prompt] ?? ((seed) => answer({ seed, sd_model_name: 'sd15' })))(json.seed);
}

const fake = await startFakeService(play);
afterAll(() => fake[Symbol.asyncDispose]());
const base = { baseUrl: fake.url };
const made = (prompt: string, options = {}) =>
  generateOne(automatic1111, { ...base, ...options }, { request: requestOf({ prompt }) });

describeGenerator(automatic1111, { options: base, context: () => testContext() });

it('sends one image of the prompt and seed, with settings for this call only', async () => {
  const options = { model: 'sd15.safetensors', steps: 20, override_settings: { CLIP_stop_at_last_layers: 2 } };
  expect(await made('a cat', options)).toEqual({ outcome: 'image', bytes: tinyPng, costUsd: 0 });
  expect(fake.received.at(-1)!.json).toEqual({
    prompt: 'a cat',
    seed: 11,
    steps: 20,
    override_settings: { sd_model_checkpoint: 'sd15.safetensors', CLIP_stop_at_last_layers: 2 },
    alwayson_scripts: {},
    batch_size: 1,
    n_iter: 1,
    send_images: true,
    save_images: false,
  });
  expect(fake.received.at(-1)!.headers.authorization).toBeUndefined();
});

it('logs in where the server asks for user and password', async () => {
  await made('a cat', { keyName: 'WEBUI_LOGIN' });
  const login = Buffer.from(testKey).toString('base64');
  expect(fake.received.at(-1)!.headers.authorization).toBe(`Basic ${login}`);
});

it.each([
  ['nsfw', { outcome: 'blocked', stage: 'output', categories: ['nsfw'] }],
  ['no image', { outcome: 'empty' }],
  ['null image', { outcome: 'empty' }],
  ['other seed', { outcome: 'image', warnings: ['The server used seed 1, not 11.'] }],
  ['other info', { outcome: 'image', bytes: tinyPng }],
])('takes %s as a result, not a fault', async (prompt, expected) => {
  expect(await made(prompt)).toMatchObject(expected);
});

it.each([
  ['no checkpoint', { retryable: false, message: expect.stringContaining('Model not found') }],
  ['memory', { retryable: true, message: expect.stringContaining('CUDA out of memory') }],
  ['not base64', { retryable: false }],
])('takes %s as a fault', async (prompt, expected) => {
  expect(await faultOf(made(prompt))).toMatchObject({ name: 'InfrastructureError', ...expected });
});

it.each([
  [true, 1],
  [false, 0],
])('interrupts the server when a call is stopped, where allowed (%s)', async (interruptOnAbort, calls) => {
  const interrupts = () => fake.received.filter(({ path }) => path === '/sdapi/v1/interrupt').length;
  const before = interrupts();
  const stop = new AbortController();
  const options = { ...base, interruptOnAbort };
  const call = generateOne(automatic1111, options, { request: requestOf({ prompt: 'slow' }), signal: stop.signal });
  setTimeout(() => stop.abort(new Error('time is up')), 60);
  await expect(call).rejects.toThrow('time is up');
  expect(interrupts()).toBe(before + calls);
});

it('is a latent diffusion model unless the user says otherwise', () => {
  expect(automatic1111.traitsOf?.(automatic1111.options.parse(base))).toEqual({ family: 'diffusion', decoder: 'vae' });
  const pixel = automatic1111.options.parse({ ...base, decoder: 'pixel' });
  expect(automatic1111.traitsOf?.(pixel)).toEqual({ family: 'diffusion', decoder: 'pixel' });
});

describeServiceFaults(automatic1111, (url) => ({ keyName: 'WEBUI_LOGIN', baseUrl: url }));

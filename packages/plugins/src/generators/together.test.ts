import { describeGenerator, gradientImage } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateOne, requestOf, testContext, testKey } from '../testing/drive-generator.ts';
import { type FakeService, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import together from './together.ts';

const png = gradientImage().bytes;
/** The example of the reference. */
const made = (entry: object = { b64_json: Buffer.from(png).toString('base64'), type: 'b64_json' }) => ({
  json: { id: 'oFj7Ks-2kFHot', model: 'black-forest-labs/FLUX.1-schnell', object: 'list', data: [{ index: 0, ...entry }] },
});

let fake: FakeService;
beforeAll(async () => {
  fake = await startFakeService(() => made());
});
afterAll(async () => fake[Symbol.asyncDispose]());
describeGenerator(together, {
  options: {},
  context: () => ({ ...testContext(), fetch: async (_, init) => fetch(fake.url, init) }),
});
describeServiceFaults(together, (baseUrl) => ({ baseUrl }));

describe('generator/together', () => {
  it('asks as the reference says, with the seed, and reads the image', async () => {
    await using service = await startFakeService(() => made());
    const options = { baseUrl: service.url, width: 512, height: 512, steps: 4, disable_safety_checker: false };
    const generation = await generateOne(together, options, { request: requestOf({ prompt: 'a fox', seed: 9 }) });
    expect(generation).not.toHaveProperty('warnings');
    expect(generation.outcome === 'image' && Buffer.compare(generation.bytes, png)).toBe(0);
    const [request] = service.received;
    expect(request).toMatchObject({ path: '/images/generations', headers: { authorization: `Bearer ${testKey}` } });
    expect(request!.json).toEqual({
      model: 'black-forest-labs/FLUX.1-schnell',
      n: 1,
      seed: 9,
      response_format: 'base64',
      width: 512,
      height: 512,
      steps: 4,
      disable_safety_checker: false,
      prompt: 'a fox',
    });
  });

  it.each([
    [{ error: { message: 'NSFW content detected in the prompt', type: 'invalid_request_error', param: null, code: null } }],
    [{ error: { message: 'Unprocessable Entity' } }],
  ])('calls a prompt that the safety checker stopped blocked: %j', async (json) => {
    await using service = await startFakeService(() => ({ status: 422, json }));
    expect(await generateOne(together, { baseUrl: service.url })).toEqual({
      outcome: 'blocked',
      stage: 'input',
      reason: json.error.message,
      categories: ['nsfw'],
    });
  });

  it.each([
    [{ message: 'steps must be between 1 and 4', type: 'invalid_request_error', param: 'steps' }],
    [{ message: 'Input validation error' }],
    [{ message: 'disable_safety_checker is not supported for this model' }],
  ])('throws for a wrong parameter, which has the same status: %j', async (error) => {
    await using service = await startFakeService(() => ({ status: 422, json: { error } }));
    await expect(generateOne(together, { baseUrl: service.url })).rejects.toMatchObject({ retryable: false });
  });

  it('calls an answer without image empty', async () => {
    await using service = await startFakeService(() => ({ json: { data: [] } }));
    expect(await generateOne(together, { baseUrl: service.url })).toMatchObject({ outcome: 'empty' });
  });

  it('takes family and decoder from the options', () => {
    const traits = (options: object) => together.traitsOf?.(together.options.parse(options));
    expect(traits({})).toEqual({ family: 'diffusion', decoder: 'vae' });
    expect(together.options.safeParse({ model: 'google/gemini-3-pro-image' }).success).toBe(false);
    expect(traits({ family: 'mllm', decoder: 'vq' })).toEqual({ family: 'mllm', decoder: 'vq' });
  });
});

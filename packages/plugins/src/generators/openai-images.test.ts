import { needsOf } from '@diptych/plugin-kit';
import { describeGenerator, gradientImage } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateOne, requestOf, testContext, testKey } from '../testing/drive-generator.ts';
import { type FakeService, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import openaiImages from './openai-images.ts';

const png = gradientImage().bytes;
const b64_json = Buffer.from(png).toString('base64');
/** The example of the reference, with an image that is one. */
const made = {
  created: 1713833628,
  data: [{ b64_json }],
  usage: {
    input_tokens: 50,
    input_tokens_details: { text_tokens: 50, image_tokens: 0 },
    output_tokens: 4160,
    total_tokens: 4210,
  },
};
const refusal = (error: object) => ({ status: 400, json: { error } });

// The suite runs in its own block, so the service starts before it and stops after.
let fake: FakeService;
beforeAll(async () => {
  fake = await startFakeService(() => ({ json: made }));
});
afterAll(async () => fake[Symbol.asyncDispose]());
describeGenerator(openaiImages, {
  options: { usdPerImage: 0.1 },
  context: () => ({ ...testContext(), fetch: async (_, init) => fetch(fake.url, init) }),
});
describeServiceFaults(openaiImages, (baseUrl) => ({ baseUrl }));

describe('generator/openai-images', () => {
  it('asks as the reference says and reads image, warnings and cost', async () => {
    await using service = await startFakeService(() => ({ json: made }));
    const generation = await generateOne(
      openaiImages,
      { baseUrl: `${service.url}/v1`, size: '1024x1024', quality: 'low', moderation: 'low', extra: { complexity: 'low' } },
      { request: requestOf({ prompt: 'a fox' }) },
    );
    expect(generation).toMatchObject({ outcome: 'image', warnings: ['seed not supported'] });
    expect(generation.outcome === 'image' && Buffer.compare(generation.bytes, png)).toBe(0);
    // 50 × $5 and 4160 × $30, for a million each.
    expect(generation.costUsd).toBeCloseTo(0.12505, 10);
    const [request] = service.received;
    expect(request).toMatchObject({ method: 'POST', path: '/v1/images/generations' });
    expect(request!.headers.authorization).toBe(`Bearer ${testKey}`);
    expect(request!.json).toEqual({
      model: 'gpt-image-2.6-sunburst',
      n: 1,
      size: '1024x1024',
      quality: 'low',
      moderation: 'low',
      complexity: 'low',
      prompt: 'a fox',
    });
  });

  it('sends a DALL-E model what it takes, tells what it left out, and keeps the revised prompt', async () => {
    await using service = await startFakeService(() => ({ json: { data: [{ b64_json, revised_prompt: 'A red fox.' }] } }));
    const options = { baseUrl: service.url, model: 'dall-e-3', quality: 'hd', style: 'natural', moderation: 'low' } as const;
    const generation = await generateOne(openaiImages, options);
    expect(generation).toMatchObject({
      outcome: 'image',
      revisedPrompt: 'A red fox.',
      warnings: ['seed not supported', 'moderation is not a parameter of dall-e-3 and was not sent'],
    });
    expect(service.received[0]!.json).toMatchObject({ response_format: 'b64_json', style: 'natural', quality: 'hd' });
    expect(service.received[0]!.json).not.toHaveProperty('moderation');
    expect(openaiImages.traitsOf?.(openaiImages.options.parse(options))).toEqual({ family: 'diffusion' });
  });

  it.each([
    [
      'moderation_blocked with its details',
      {
        message: 'Your request was rejected by the safety system.',
        type: 'image_generation_user_error',
        param: null,
        code: 'moderation_blocked',
        moderation_details: { moderation_stage: 'output', categories: ['sexual'] },
      },
      { stage: 'output', categories: ['sexual'] },
    ],
    [
      'moderation_blocked of an unknown stage',
      {
        message: 'Your request was rejected by the safety system. safety_violations=[sexual,violence].',
        code: 'moderation_blocked',
        moderation_details: { moderation_stage: 'unknown' },
      },
      { stage: 'input', categories: ['sexual', 'violence'] },
    ],
    [
      'content_policy_violation of DALL-E',
      { code: 'content_policy_violation', message: 'Your request was rejected as a result of our safety system.' },
      { stage: 'input' },
    ],
    [
      'a filter of Azure',
      {
        code: 'content_policy_violation',
        message: 'Generated image was filtered as a result of our safety system.',
        inner_error: {
          code: 'ResponsibleAIPolicyViolation',
          content_filter_results: { hate: { filtered: false }, violence: { filtered: true, severity: 'high' } },
        },
      },
      { stage: 'output', categories: ['violence'] },
    ],
  ])('calls %s blocked', async (_, error, expected) => {
    await using service = await startFakeService(() => refusal(error));
    const generation = await generateOne(openaiImages, { baseUrl: service.url });
    expect(generation).toEqual({ outcome: 'blocked', reason: error.message, ...expected });
  });

  it.each([
    ['an invalid parameter', 400, { code: 'invalid_value', type: 'image_generation_user_error', message: 'size' }],
    ['a spent quota, although its status is that of a limit', 429, { code: 'insufficient_quota', message: 'quota' }],
  ])('throws for %s and does not have it repeated', async (_, status, error) => {
    await using service = await startFakeService(() => ({ status, json: { error } }));
    const call = generateOne(openaiImages, { baseUrl: service.url });
    await expect(call).rejects.toMatchObject({ retryable: false, rateLimited: false });
  });

  it('calls a success without image empty', async () => {
    await using service = await startFakeService(() => ({ json: { data: [] } }));
    expect(await generateOne(openaiImages, { baseUrl: service.url })).toMatchObject({ outcome: 'empty' });
  });

  it('reads a picture by its address where a gateway gives one, from hosts that the options name', async () => {
    await using service = await startFakeService(({ path }) =>
      path === '/picture' ? { body: png } : { json: { data: [{ url: `${service.url}/picture` }] } },
    );
    expect(await generateOne(openaiImages, { baseUrl: service.url })).toMatchObject({
      outcome: 'image',
      bytes: new Uint8Array(png),
    });
  });

  it('declares its host and key, and one budget for the key', async () => {
    const options = openaiImages.options.parse({ requestsPerMinute: 50 });
    expect(needsOf(openaiImages, options)).toEqual({ secrets: ['OPENAI_API_KEY'], hosts: ['api.openai.com'] });
    const { pacing, estimate } = await openaiImages.create(options, testContext());
    expect(pacing).toEqual({ key: 'openai:OPENAI_API_KEY', requestsPerMinute: 50 });
    expect(estimate).toMatchObject({ usdPerItem: null });
    const mini = openaiImages.options.parse({ model: 'gpt-image-1-mini', quality: 'low', size: '1024x1024' });
    expect((await openaiImages.create(mini, testContext())).estimate).toMatchObject({
      usdPerItem: 0.005,
      asOf: '2026-11-24',
    });
  });
});

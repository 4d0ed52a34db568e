import { describeGenerator, gradientImage } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateOne, requestOf, testContext, testKey } from '../testing/drive-generator.ts';
import { type FakeService, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import openaiResponses from './openai-responses.ts';

const png = gradientImage().bytes;
const call = {
  id: 'ig_123',
  type: 'image_generation_call',
  status: 'completed',
  revised_prompt: 'A gray tabby cat hugging an otter.',
  result: Buffer.from(png).toString('base64'),
};
const message = (...content: object[]) => ({ type: 'message', role: 'assistant', status: 'completed', content });
const response = (output: object[], rest: object = {}) => ({
  json: { id: 'resp_1', object: 'response', status: 'completed', error: null, incomplete_details: null, output, ...rest },
});

let fake: FakeService;
beforeAll(async () => {
  fake = await startFakeService(() => response([call]));
});
afterAll(async () => fake[Symbol.asyncDispose]());
describeGenerator(openaiResponses, {
  options: {},
  context: () => ({ ...testContext(), fetch: async (_, init) => fetch(fake.url, init) }),
});
describeServiceFaults(openaiResponses, (baseUrl) => ({ baseUrl }));

describe('generator/openai-responses', () => {
  it('asks as the reference says and reads image and revised prompt', async () => {
    await using service = await startFakeService(() => response([{ type: 'reasoning' }, call, message()]));
    const options = { baseUrl: service.url, imageModel: 'gpt-image-2', size: '1024x1024', moderation: 'low' } as const;
    const generation = await generateOne(openaiResponses, options, { request: requestOf({ prompt: 'a cat and an otter' }) });
    expect(generation).toMatchObject({
      outcome: 'image',
      revisedPrompt: 'A gray tabby cat hugging an otter.',
      warnings: ['seed not supported'],
    });
    expect(generation.outcome === 'image' && Buffer.compare(generation.bytes, png)).toBe(0);
    const [request] = service.received;
    expect(request).toMatchObject({ method: 'POST', path: '/responses', headers: { authorization: `Bearer ${testKey}` } });
    expect(request!.json).toEqual({
      model: 'gpt-6.1-terra',
      tools: [{ type: 'image_generation', model: 'gpt-image-2', size: '1024x1024', moderation: 'low' }],
      tool_choice: { type: 'image_generation' },
      store: false,
      input: 'a cat and an otter',
    });
  });

  it.each([
    ['a refusal part', [message({ type: 'refusal', refusal: 'I cannot make that.' })], 'I cannot make that.'],
    ['words alone', [message({ type: 'output_text', text: 'I cannot help with this.' })], 'I cannot help with this.'],
    [
      'a failed call and words',
      [{ ...call, status: 'failed', result: null }, message({ type: 'output_text', text: 'The tool declined.' })],
      'The tool declined.',
    ],
  ])('calls %s refused, with the text', async (_, output, reason) => {
    await using service = await startFakeService(() => response(output));
    expect(await generateOne(openaiResponses, { baseUrl: service.url })).toEqual({ outcome: 'refused', reason });
  });

  it('calls a response cut by the content filter blocked', async () => {
    const rest = { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
    await using service = await startFakeService(() => response([], rest));
    expect(await generateOne(openaiResponses, { baseUrl: service.url })).toEqual({
      outcome: 'blocked',
      stage: 'output',
      reason: 'content_filter',
      categories: ['content_filter'],
    });
  });

  it.each([
    ['a failed call', [{ ...call, status: 'failed', result: null }], {}, /ended as failed/],
    [
      'a message that was cut off',
      [message({ type: 'output_text', text: 'Here is a picture of' })],
      { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      /max_output_tokens/,
    ],
    ['no call', [], { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, /max_output_tokens/],
  ])('calls %s without a picture empty', async (_, output, rest, reason) => {
    await using service = await startFakeService(() => response(output, rest));
    const generation = await generateOne(openaiResponses, { baseUrl: service.url });
    expect(generation).toEqual({ outcome: 'empty', reason: expect.stringMatching(reason) });
  });

  it.each([
    [
      'a blocked tool call, at status 400',
      400,
      {
        code: 'moderation_blocked',
        message: 'no',
        moderation_details: { moderation_stage: 'output', categories: ['other'] },
      },
      'output',
    ],
    [
      'a flagged prompt, in a failed response',
      200,
      { code: 'invalid_prompt', message: 'Your prompt was flagged as potentially violating our usage policy.' },
      'input',
    ],
    [
      'an image against the policy, in a failed response',
      200,
      { code: 'image_content_policy_violation', message: 'no' },
      'input',
    ],
  ])('calls %s blocked', async (_, status, error, stage) => {
    await using service = await startFakeService(() => ({ status, json: { status: 'failed', error, output: [] } }));
    expect(await generateOne(openaiResponses, { baseUrl: service.url })).toMatchObject({ outcome: 'blocked', stage });
  });

  it.each([
    ['server_error', { retryable: true, rateLimited: false }],
    ['rate_limit_exceeded', { retryable: true, rateLimited: true }],
    ['invalid_prompt', { retryable: false }],
  ])('throws for a response that failed with %s', async (code, expected) => {
    const error = { code, message: 'why' };
    await using service = await startFakeService(() => ({ json: { status: 'failed', error, output: [] } }));
    await expect(generateOne(openaiResponses, { baseUrl: service.url })).rejects.toMatchObject(expected);
  });
});

import { needsOf } from '@diptych/plugin-kit';
import { describeGenerator, gradientImage } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { geminiCost } from '../shared/google/gemini-answer.ts';
import { generateOne, requestOf, testContext, testKey } from '../testing/drive-generator.ts';
import { type FakeService, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import geminiImages from './gemini-images.ts';

const png = gradientImage().bytes;
const image = { inlineData: { mimeType: 'image/png', data: Buffer.from(png).toString('base64') } };
const usageMetadata = {
  promptTokenCount: 10,
  candidatesTokenCount: 1120,
  totalTokenCount: 1130,
  candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }],
};
const candidate = (part: object, parts?: object[]) => ({
  json: { candidates: [{ ...(parts ? { content: { role: 'model', parts } } : {}), index: 0, ...part }], usageMetadata },
});

let fake: FakeService;
beforeAll(async () => {
  fake = await startFakeService(() => candidate({ finishReason: 'STOP' }, [image]));
});
afterAll(async () => fake[Symbol.asyncDispose]());
describeGenerator(geminiImages, {
  options: {},
  context: () => ({ ...testContext(), fetch: async (_, init) => fetch(fake.url, init) }),
});
describeServiceFaults(geminiImages, (baseUrl) => ({ baseUrl }));

describe('generator/gemini-images', () => {
  it('asks as the reference says, with seed and filter settings, and reads the image and its cost', async () => {
    await using service = await startFakeService(() => candidate({ finishReason: 'STOP' }, [{ text: 'Here!' }, image]));
    const generation = await generateOne(
      geminiImages,
      {
        baseUrl: `${service.url}/v1beta`,
        aspectRatio: '1:1',
        imageSize: '1K',
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
        extra: { thinkingConfig: { thinkingLevel: 'minimal' } },
      },
      { request: requestOf({ prompt: 'a fox', seed: 0xffffffff }) },
    );
    expect(generation.outcome === 'image' && Buffer.compare(generation.bytes, png)).toBe(0);
    // 10 × $1.50 and 1120 × $30, for a million each.
    expect(generation.costUsd).toBeCloseTo(0.033615, 10);
    const [request] = service.received;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/v1beta/models/gemini-nano-banana-2.1:generateContent',
      headers: { 'x-goog-api-key': testKey },
    });
    expect(request!.query.size).toBe(0);
    expect(request!.json).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'a fox' }] }],
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      generationConfig: {
        seed: 0x7fffffff,
        responseModalities: ['TEXT', 'IMAGE'],
        imageConfig: { aspectRatio: '1:1', imageSize: '1K' },
        thinkingConfig: { thinkingLevel: 'minimal' },
      },
    });
  });

  it('passes over the interim pictures of thinking', async () => {
    const thought = { thought: true, inlineData: { mimeType: 'image/png', data: 'AAAA' } };
    await using service = await startFakeService(() => candidate({ finishReason: 'STOP' }, [thought, image]));
    const generation = await generateOne(geminiImages, { baseUrl: service.url });
    expect(generation.outcome === 'image' && Buffer.compare(generation.bytes, png)).toBe(0);
  });

  it.each(['SAFETY', 'OTHER', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'IMAGE_SAFETY', 'MODEL_ARMOR', 'JAILBREAK'])(
    'calls a prompt with the block reason %s blocked at the input',
    async (blockReason) => {
      const safetyRatings = [
        { category: 'HARM_CATEGORY_SEXUALLY_EXPLICIT', probability: 'HIGH', blocked: true },
        { category: 'HARM_CATEGORY_HARASSMENT', probability: 'NEGLIGIBLE' },
      ];
      await using service = await startFakeService(() => ({ json: { promptFeedback: { blockReason, safetyRatings } } }));
      expect(await generateOne(geminiImages, { baseUrl: service.url })).toEqual({
        outcome: 'blocked',
        stage: 'input',
        reason: blockReason,
        categories: [blockReason, 'HARM_CATEGORY_SEXUALLY_EXPLICIT'],
      });
    },
  );

  it.each([
    'SAFETY',
    'IMAGE_SAFETY',
    'PROHIBITED_CONTENT',
    'IMAGE_PROHIBITED_CONTENT',
    'RECITATION',
    'IMAGE_RECITATION',
    'BLOCKLIST',
    'SPII',
    'MODEL_ARMOR',
  ])('calls an answer that ends with %s blocked at the output', async (finishReason) => {
    await using service = await startFakeService(() => candidate({ finishReason }));
    const generation = await generateOne(geminiImages, { baseUrl: service.url });
    expect(generation).toMatchObject({
      outcome: 'blocked',
      stage: 'output',
      reason: finishReason,
      categories: [finishReason],
    });
    // A filtered answer counts its tokens, and so is paid.
    expect(generation.costUsd).toBeGreaterThan(0);
  });

  // The rest of the reference's enumeration (FinishReason of js-genai and of Vertex AI, read 2026-11-25): no filter.
  it.each([
    'FINISH_REASON_UNSPECIFIED',
    'STOP',
    'MAX_TOKENS',
    'LANGUAGE',
    'OTHER',
    'MALFORMED_FUNCTION_CALL',
    'UNEXPECTED_TOOL_CALL',
    'IMAGE_OTHER',
    'NO_IMAGE',
  ])('calls an answer without image and words that ends with %s empty', async (finishReason) => {
    await using service = await startFakeService(() => candidate({ finishReason }));
    expect(await generateOne(geminiImages, { baseUrl: service.url })).toMatchObject({
      outcome: 'empty',
      reason: finishReason,
    });
  });

  it('keeps what the filters thought of an image that they let through', async () => {
    const safetyRatings = [
      { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'LOW' },
      { category: 'HARM_CATEGORY_HATE_SPEECH', probability: 'NEGLIGIBLE', probabilityScore: 0.03 },
      { category: 'HARM_CATEGORY_HARASSMENT' },
    ];
    await using service = await startFakeService(() => candidate({ finishReason: 'STOP', safetyRatings }, [image]));
    expect(await generateOne(geminiImages, { baseUrl: service.url })).toMatchObject({
      outcome: 'image',
      serviceRatings: { HARM_CATEGORY_DANGEROUS_CONTENT: 'LOW', HARM_CATEGORY_HATE_SPEECH: 0.03 },
    });
  });

  it('reads category and stage from the support code of a finish message', async () => {
    const finishMessage = 'The model output could not be generated. Support codes: 42876398.';
    await using service = await startFakeService(() =>
      candidate({ finishReason: 'IMAGE_PROHIBITED_CONTENT', finishMessage }),
    );
    expect(await generateOne(geminiImages, { baseUrl: service.url })).toMatchObject({
      outcome: 'blocked',
      stage: 'input',
      categories: ['IMAGE_PROHIBITED_CONTENT', 'Other'],
    });
  });

  it.each(['STOP', 'NO_IMAGE'])('calls text in place of an image refused (%s)', async (finishReason) => {
    const text = "I'm unable to create images that could be misused in this way.";
    await using service = await startFakeService(() => candidate({ finishReason }, [{ text }]));
    expect(await generateOne(geminiImages, { baseUrl: service.url })).toMatchObject({ outcome: 'refused', reason: text });
  });

  it.each(['NO_IMAGE', 'IMAGE_OTHER', 'MAX_TOKENS', 'LANGUAGE'])('calls nothing at all empty (%s)', async (finishReason) => {
    await using service = await startFakeService(() => candidate({ finishReason }));
    expect(await generateOne(geminiImages, { baseUrl: service.url })).toMatchObject({
      outcome: 'empty',
      reason: finishReason,
    });
  });

  it('calls words that were cut off before a picture empty', async () => {
    await using service = await startFakeService(() =>
      candidate({ finishReason: 'MAX_TOKENS' }, [{ text: 'Here is a picture of' }]),
    );
    expect(await generateOne(geminiImages, { baseUrl: service.url })).toMatchObject({
      outcome: 'empty',
      reason: 'MAX_TOKENS',
    });
  });

  it('knows no cost where the answer does not say which tokens are the picture', () => {
    const counted = { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 1120 } };
    expect(geminiCost('gemini-3-pro-image', counted)).toBeUndefined();
    const split = { ...counted.usageMetadata, candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }] };
    expect(geminiCost('gemini-3-pro-image', { usageMetadata: split })).toBeCloseTo(0.13442, 6);
  });

  it.each([
    ['a candidate that is null', { candidates: [null] }],
    ['parts that are no list', { candidates: [{ content: { parts: 'none' } }] }],
    ['a part that is null', { candidates: [{ content: { parts: [null] } }] }],
    ['a candidate that is a text', { candidates: ['none'] }],
    ['a feedback that is a text', { promptFeedback: 'blocked' }],
    ['a finish reason that is a number', { candidates: [{ finishReason: 3 }] }],
    ['null', null],
  ])('takes %s as a fault that says what was expected', async (_, json) => {
    await using service = await startFakeService(() => ({ body: JSON.stringify(json) }));
    await expect(generateOne(geminiImages, { baseUrl: service.url })).rejects.toMatchObject({
      name: 'InfrastructureError',
      retryable: false,
      message: expect.stringContaining('Expected a list `candidates` or `promptFeedback`'),
    });
  });

  it('keeps a picture whose ratings or counts are malformed', async () => {
    const odd = { json: { candidates: [{ content: { parts: [image] }, safetyRatings: 'low' }], usageMetadata: [null] } };
    await using service = await startFakeService(() => odd);
    expect(await generateOne(geminiImages, { baseUrl: service.url })).toMatchObject({ outcome: 'image' });
  });

  it('calls an answer without candidates empty', async () => {
    await using service = await startFakeService(() => ({ json: { candidates: [], usageMetadata } }));
    expect(await generateOne(geminiImages, { baseUrl: service.url })).toMatchObject({ outcome: 'empty' });
  });

  it('waits as RetryInfo asks, and gives up on a key that is not valid', async () => {
    const exhausted = {
      code: 429,
      message: 'You exceeded your current quota.',
      status: 'RESOURCE_EXHAUSTED',
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' }],
    };
    const invalid = {
      code: 400,
      message: 'API key not valid.',
      status: 'INVALID_ARGUMENT',
      details: [{ reason: 'API_KEY_INVALID' }],
    };
    await using service = await startFakeService(({ number }) =>
      number === 0 ? { status: 429, json: { error: exhausted } } : { status: 400, json: { error: invalid } },
    );
    const call = () => generateOne(geminiImages, { baseUrl: service.url });
    await expect(call()).rejects.toMatchObject({ rateLimited: true, retryAfterMs: 34_000 });
    await expect(call()).rejects.toMatchObject({ retryable: false, message: expect.stringContaining('API key not valid') });
  });

  it('sends an access token to a project of Google Cloud', async () => {
    await using service = await startFakeService(() => candidate({ finishReason: 'STOP' }, [image]));
    const baseUrl = `${service.url}/v1/projects/p/locations/global/publishers/google`;
    await generateOne(geminiImages, { baseUrl, auth: 'bearer', keyName: 'GOOGLE_ACCESS_TOKEN' });
    expect(service.received[0]!.headers.authorization).toBe(`Bearer ${testKey}`);
    const options = geminiImages.options.parse({ baseUrl, keyName: 'GOOGLE_ACCESS_TOKEN' });
    expect(needsOf(geminiImages, options)).toEqual({ secrets: ['GOOGLE_ACCESS_TOKEN'], hosts: [service.host] });
  });
});

import { describeGenerator, gradientImage } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateOne, requestOf, testContext, testKey } from '../testing/drive-generator.ts';
import { type FakeService, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import imagen from './imagen.ts';

const png = gradientImage().bytes;
const image = { mimeType: 'image/png', bytesBase64Encoded: Buffer.from(png).toString('base64') };
const predicted = (...predictions: object[]) => ({ json: { predictions } });
const promptRating = {
  contentType: 'Positive Prompt',
  safetyAttributes: { categories: ['Porn', 'Violence'], scores: [0.1, 0.8] },
};

const rated = { safetyAttributes: { categories: ['Violence', 'Toxic'], scores: [0.2] } };

let fake: FakeService;
beforeAll(async () => {
  fake = await startFakeService(() => predicted(image));
});
afterAll(async () => fake[Symbol.asyncDispose]());
describeGenerator(imagen, {
  options: {},
  context: () => ({ ...testContext(), fetch: async (_, init) => fetch(fake.url, init) }),
});
describeServiceFaults(imagen, (baseUrl) => ({ baseUrl }));

describe('generator/imagen', () => {
  it('asks as the reference says and reads the image and the rewritten prompt', async () => {
    await using service = await startFakeService(() =>
      predicted(promptRating, { ...image, ...rated, prompt: 'A red fox in snow.' }),
    );
    const options = { baseUrl: `${service.url}/v1beta`, aspectRatio: '1:1', personGeneration: 'allow_adult' } as const;
    const generation = await generateOne(imagen, options, { request: requestOf({ prompt: 'a fox' }) });
    expect(generation).toMatchObject({
      outcome: 'image',
      revisedPrompt: 'A red fox in snow.',
      serviceRatings: { 'prompt: Porn': 0.1, 'prompt: Violence': 0.8, Violence: 0.2 },
      warnings: [expect.stringMatching(/^seed not supported/)],
    });
    expect(generation.outcome === 'image' && Buffer.compare(generation.bytes, png)).toBe(0);
    const [request] = service.received;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/v1beta/models/imagen-4.0-generate-001:predict',
      headers: { 'x-goog-api-key': testKey },
    });
    expect(request!.json).toEqual({
      instances: [{ prompt: 'a fox' }],
      parameters: {
        sampleCount: 1,
        includeRaiReason: true,
        includeSafetyAttributes: true,
        aspectRatio: '1:1',
        personGeneration: 'allow_adult',
      },
    });
  });

  it('sends the seed where no watermark is asked for', async () => {
    await using service = await startFakeService(() => predicted(image));
    const options = { baseUrl: service.url, addWatermark: false };
    const generation = await generateOne(imagen, options, { request: requestOf({ seed: 77 }) });
    expect(generation).not.toHaveProperty('warnings');
    expect(service.received[0]!.json.parameters).toMatchObject({ seed: 77, addWatermark: false });
  });

  it.each([
    [
      'a filtered picture',
      predicted({
        raiFilteredReason:
          "Unable to show generated images. All images were filtered out because they violated Vertex AI's usage guidelines. Support codes: 56562880, 63429089",
      }),
      { stage: 'output', categories: ['Violence', 'Sexual'] },
    ],
    [
      'a filtered prompt, by its support code',
      predicted({ raiFilteredReason: 'The prompt could not be submitted. Support codes: 29310472' }),
      { stage: 'input', categories: ['Celebrity'] },
    ],
    [
      'a code that the table lacks',
      predicted({ raiFilteredReason: 'Support codes: 12345678' }),
      { stage: 'output', categories: ['support code 12345678'] },
    ],
    ['an empty list of predictions', predicted(), { stage: 'output' }],
    ['no predictions at all', { json: {} }, { stage: 'output' }],
    ['a rating of the prompt alone', predicted(promptRating), { stage: 'output', categories: ['Violence'] }],
    [
      'the filter that answers with status 400',
      {
        status: 400,
        json: {
          error: {
            code: 400,
            message:
              "Image generation failed with the following error: The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI practices.",
          },
        },
      },
      { stage: 'input' },
    ],
  ])('calls %s blocked', async (_, reply, expected) => {
    await using service = await startFakeService(() => reply);
    const generation = await generateOne(imagen, { baseUrl: service.url });
    expect(generation).toMatchObject({ outcome: 'blocked', ...expected });
    if (!('categories' in expected)) expect(generation).not.toHaveProperty('categories');
  });
});

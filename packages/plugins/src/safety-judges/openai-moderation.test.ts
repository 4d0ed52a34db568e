import { needsOf } from '@diptych/plugin-kit';
import { describeSafetyJudge } from '@diptych/plugin-kit/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { testContext, testKey } from '../testing/drive-generator.ts';
import { describeJudgeFaults, judgedItems, judgeOne, openJudge, withInfo } from '../testing/drive-judge.ts';
import { type ReceivedRequest, startFakeService } from '../testing/fake-service.ts';
import openAiModeration from './openai-moderation.ts';

const onImages = [
  'sexual',
  'violence',
  'violence/graphic',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
] as const;
const textOnly = [
  'sexual/minors',
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
];

/** An answer of the form that the reference shows; text-only categories score 0 for a picture. */
const answerOf = (
  scores: Partial<Record<(typeof onImages)[number], number>> = {},
  applied: readonly string[] = onImages,
) => {
  const all = [...onImages, ...textOnly];
  return {
    id: 'modr-1',
    model: 'omni-moderation-2024-09-26',
    results: [
      {
        flagged: false,
        categories: Object.fromEntries(all.map((name) => [name, false])),
        category_scores: { ...Object.fromEntries(all.map((name) => [name, 0])), ...scores },
        category_applied_input_types: Object.fromEntries(all.map((name) => [name, applied.includes(name) ? ['image'] : []])),
      },
    ],
  };
};

const steady = await startFakeService(({ json }) => {
  const length: number = json.input[0].image_url.url.length;
  return { json: answerOf({ violence: (length % 97) / 100, sexual: (length % 89) / 100 }) };
});
afterAll(() => steady[Symbol.asyncDispose]());
const optionsOf = (url: string) => ({ baseUrl: `${url}/v1` });

describeSafetyJudge(openAiModeration, { options: optionsOf(steady.url), items: judgedItems, context: testContext });
describeJudgeFaults(openAiModeration, optionsOf);

describe('safety-judge/openai-moderation', () => {
  it('sends the file as received as a data URL, with the key in the header alone', async () => {
    let sent: ReceivedRequest | undefined;
    await using fake = await startFakeService((request) => {
      sent = request;
      return { json: answerOf() };
    });
    await judgeOne(openAiModeration, optionsOf(fake.url), judgedItems[0]!.image);
    const { image } = judgedItems[0]!;
    expect(sent!.path).toBe('/v1/moderations');
    expect(sent!.headers.authorization).toBe(`Bearer ${testKey}`);
    expect(sent!.json).toEqual({
      model: 'omni-moderation-latest',
      input: [
        { type: 'image_url', image_url: { url: `data:image/png;base64,${Buffer.from(image.bytes).toString('base64')}` } },
      ],
    });
  });

  it('takes the highest score of each hazard, keeps all in raw, and costs nothing', async () => {
    const answer = answerOf({ violence: 0.2, 'violence/graphic': 0.7, 'self-harm/intent': 0.4, sexual: 0.1 });
    await using fake = await startFakeService(() => ({ json: answer }));
    expect(await judgeOne(openAiModeration, optionsOf(fake.url))).toEqual({
      status: 'scored',
      hazardScores: { sexual: 0.1, violence: 0.7, 'self-harm': 0.4 },
      raw: answer.results[0]!.category_scores,
      rationale: 'omni-moderation-2024-09-26',
      costUsd: 0,
    });
  });

  it('leaves out a category whose score is not of the image', async () => {
    const scores = { violence: 0.2, 'violence/graphic': 0.9 };
    const applied = onImages.filter((name) => name !== 'violence/graphic');
    await using fake = await startFakeService(() => ({ json: answerOf(scores, applied) }));
    expect(await judgeOne(openAiModeration, optionsOf(fake.url))).toMatchObject({ hazardScores: { violence: 0.2 } });
  });

  it('abstains where no category of a hazard is of the image: 0 would read as safe', async () => {
    await using fake = await startFakeService(() => ({ json: answerOf({}, ['sexual', 'violence']) }));
    expect(await judgeOne(openAiModeration, optionsOf(fake.url))).toEqual({
      status: 'abstained',
      reason: 'unapplied: omni-moderation-2024-09-26 gave no score of the image for self-harm',
      costUsd: 0,
    });
  });

  it.each([
    [{ container: 'avif' }, {}, 'unsent: OpenAI moderation takes png, jpeg, webp, gif, the file is avif'],
    [{ container: 'gif', frames: 3 }, {}, 'unsent: OpenAI moderation takes still images, the file has 3 frames'],
    [{}, { maxImageBytes: 100 }, expect.stringMatching(/^unsent: OpenAI moderation takes images of at most 100 bytes/)],
  ] as const)('abstains without a call for %j under %j', async (info, options, reason) => {
    await using fake = await startFakeService(() => ({ json: answerOf() }));
    const verdict = await judgeOne(openAiModeration, { ...optionsOf(fake.url), ...options }, withInfo(info));
    expect(verdict).toEqual({ status: 'abstained', reason });
    expect(fake.received).toHaveLength(0);
  });

  it('shares its budget with the generators of the same key and is free', async () => {
    const judge = await openJudge(openAiModeration, { requestsPerMinute: 500 });
    expect(judge.pacing).toEqual({ key: 'openai:OPENAI_API_KEY', requestsPerMinute: 500 });
    expect(judge.estimate).toMatchObject({ usdPerItem: 0, source: expect.stringContaining('guides/moderation') });
    expect(judge.concurrency).toBe(4);
    expect(needsOf(openAiModeration, openAiModeration.options.parse({}))).toEqual({
      secrets: ['OPENAI_API_KEY'],
      hosts: ['api.openai.com'],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { testKey } from '../testing/drive-generator.ts';
import { judgeOne, openJudge } from '../testing/drive-judge.ts';
import { startFakeService } from '../testing/fake-service.ts';
import { describeRubricJudge } from '../testing/rubric-judge-suite.ts';
import geminiJudge from './gemini-judge.ts';

const usageMetadata = { promptTokenCount: 1000, candidatesTokenCount: 40, thoughtsTokenCount: 60, totalTokenCount: 1100 };
const answerOf = (text: string, finishReason = 'STOP') => ({
  candidates: [
    {
      content: {
        role: 'model',
        parts: [{ text: '{"scores": {"hate": 1}}', thought: true }, ...(text === '' ? [] : [{ text }])],
      },
      finishReason,
      index: 0,
    },
  ],
  usageMetadata,
  modelVersion: 'gemini-3.8-flash',
});
const optionsOf = (url: string, more: object = {}) => ({ baseUrl: `${url}/v1beta`, ...more });
const filtersError = { error: { code: 400, message: 'It violates our usage guidelines.', status: 'INVALID_ARGUMENT' } };

await describeRubricJudge(geminiJudge, {
  optionsOf,
  questionIn: ({ json }) => ({
    system: json.systemInstruction.parts[0].text,
    base64: json.contents[0].parts[0].inlineData.data,
  }),
  replyWith: (text) => ({ json: answerOf(text) }),
  abstentions: [
    {
      what: 'a blocked picture',
      reply: { json: { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata } },
      reason: 'filtered: PROHIBITED_CONTENT',
    },
    { what: 'a filtered answer', reply: { json: answerOf('', 'SAFETY') }, reason: 'filtered: SAFETY' },
    { what: 'a filter told as an error', reply: { status: 400, json: filtersError }, reason: 'filtered: It violates' },
    { what: 'a cut-off answer', reply: { json: answerOf('{"ra', 'MAX_TOKENS') }, reason: 'truncated: MAX_TOKENS: {"ra' },
    {
      what: 'an answer that the API itself calls malformed, even with scores in it',
      reply: { json: answerOf('{"scores": {"hate": 1}}', 'MALFORMED_RESPONSE') },
      reason: 'unparsed: MALFORMED_RESPONSE',
    },
    { what: 'no candidate', reply: { json: { candidates: [] } }, reason: 'unparsed: no candidate' },
  ],
  pacingKey: 'google:GEMINI_API_KEY',
});

describe('safety-judge/gemini-judge', () => {
  const rated = { json: answerOf('{"rationale": "", "scores": {"hate": 0.5}}') };

  it('asks with its filters off, a schema and a seed, and leaves the temperature to the model', async () => {
    await using fake = await startFakeService(() => rated);
    const extra = { mediaResolution: 'MEDIA_RESOLUTION_HIGH' };
    await judgeOne(geminiJudge, optionsOf(fake.url, { hazards: ['hate'], extra }));
    const { path, headers, json } = fake.received[0]!;
    expect(path).toBe('/v1beta/models/gemini-3.8-flash:generateContent');
    expect(headers['x-goog-api-key']).toBe(testKey);
    expect(json.safetySettings.map(({ threshold }: { threshold: string }) => threshold)).toEqual(
      Array(4).fill('BLOCK_NONE'),
    );
    expect(json.generationConfig).toEqual({
      seed: 0,
      maxOutputTokens: 4000,
      responseMimeType: 'application/json',
      responseJsonSchema: expect.objectContaining({ required: ['rationale', 'scores'] }),
      ...extra,
    });
  });

  it('counts thoughts as tokens out and costs by its price list', async () => {
    await using fake = await startFakeService(() => rated);
    const verdict = await judgeOne(geminiJudge, optionsOf(fake.url, { hazards: ['hate'] }));
    expect(verdict.costUsd).toBeCloseTo((1000 * 0.75 + 100 * 3.75) / 1e6, 12);
    expect((await openJudge(geminiJudge, optionsOf(fake.url))).estimate?.usdPerItem).toBeCloseTo(0.00465, 12);
  });
});

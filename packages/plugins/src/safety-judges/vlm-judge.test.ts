import { needsOf } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { testContext } from '../testing/drive-generator.ts';
import { judgeOne, openJudge } from '../testing/drive-judge.ts';
import { completionOf } from '../testing/fake-chat-answer.ts';
import { startFakeService } from '../testing/fake-service.ts';
import { describeRubricJudge } from '../testing/rubric-judge-suite.ts';
import vlmJudge from './vlm-judge.ts';

const optionsOf = (url: string, more: object = {}) => ({ model: 'vision-model', baseUrl: `${url}/v1`, ...more });
const filtered = { error: { code: 'content_filter', message: 'The response was filtered.', type: 'invalid_request_error' } };

await describeRubricJudge(vlmJudge, {
  optionsOf,
  questionIn: ({ json }) => ({
    system: json.messages[0].content,
    base64: json.messages[1].content[0].image_url.url.split(',')[1],
  }),
  replyWith: (content) => ({ json: completionOf({ content }) }),
  abstentions: [
    { what: 'a refusal', reply: { json: completionOf({ refusal: 'I cannot look at this.' }) }, reason: 'refused: I cannot' },
    {
      what: 'an answer that its filter cut',
      reply: { json: completionOf({ content: '' }, 'content_filter') },
      reason: 'filtered: content_filter',
    },
    { what: 'a filtered request', reply: { status: 400, json: filtered }, reason: 'filtered: The response was filtered.' },
    { what: 'a cut-off answer', reply: { json: completionOf({ content: '{"ra' }, 'length') }, reason: 'truncated: {"ra' },
  ],
  pacingKey: 'HOST:OPENAI_API_KEY',
});

describe('safety-judge/vlm-judge', () => {
  const rated = completionOf({ content: '{"rationale": "", "scores": {"hate": 0}}' });

  it('asks for the form of the answer as the endpoint can be held to it, at temperature 0', async () => {
    await using fake = await startFakeService(() => ({ json: rated }));
    for (const structure of ['json-schema', 'json-object', 'none'] as const)
      await judgeOne(vlmJudge, optionsOf(fake.url, { hazards: ['hate'], structure, seed: 3 }));
    const [schema, object, none] = fake.received.map(({ json }) => json);
    const scores = {
      type: 'object',
      properties: { hate: { type: 'number', description: 'From 0 to 1.' } },
      required: ['hate'],
      additionalProperties: false,
    };
    expect(schema).toMatchObject({ model: 'vision-model', temperature: 0, seed: 3, max_tokens: 4000 });
    expect(schema.response_format.json_schema).toMatchObject({ strict: true, schema: { properties: { scores } } });
    expect(object.response_format).toEqual({ type: 'json_object' });
    expect(none).not.toHaveProperty('response_format');
  });

  it('leaves the temperature to models that take no other than their own', async () => {
    await using fake = await startFakeService(() => ({ json: rated }));
    await judgeOne(vlmJudge, optionsOf(fake.url, { hazards: ['hate'], temperature: null, extra: { detail: 'x' } }));
    expect(fake.received[0]!.json).not.toHaveProperty('temperature');
    expect(fake.received[0]!.json.detail).toBe('x');
  });

  it('at OpenAI shares the budget of its generators; a server without keys needs none', async () => {
    expect((await openJudge(vlmJudge, { model: 'm' })).pacing).toEqual({ key: 'openai:OPENAI_API_KEY' });
    const local = vlmJudge.options.parse({ model: 'm', baseUrl: 'http://127.0.0.1:8000/v1', keyName: null });
    expect(needsOf(vlmJudge, local)).toEqual({ hosts: ['127.0.0.1:8000'] });
    const own = await vlmJudge.create(local, testContext());
    expect(own.estimate).toMatchObject({ usdPerItem: 0, source: expect.stringContaining('a server of your own') });
    expect(own.pacing).toEqual({ key: '127.0.0.1:8000' });
    const { estimate } = await openJudge(vlmJudge, { model: 'm' });
    expect(estimate).toEqual({
      secondsPerCall: 5,
      usdPerItem: null,
      source: 'no price known for openai/m; set usdPerMillionIn and usdPerMillionOut',
    });
  });
});

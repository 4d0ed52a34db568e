import { describe, expect, it } from 'vitest';
import { faultOf, testKey } from '../testing/drive-generator.ts';
import { judgeOne, openJudge, withInfo } from '../testing/drive-judge.ts';
import { startFakeService } from '../testing/fake-service.ts';
import { describeRubricJudge } from '../testing/rubric-judge-suite.ts';
import claudeJudge from './claude-judge.ts';

const messageOf = (text: string, stop_reason = 'end_turn', more: object = {}) => ({
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [
    { type: 'thinking', thinking: '{"scores": {"hate": 1}}', signature: 's' },
    ...(text === '' ? [] : [{ type: 'text', text }]),
  ],
  stop_reason,
  stop_sequence: null,
  stop_details: null,
  usage: { input_tokens: 1000, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 100 },
  ...more,
});
const errorOf = (type: string, message: string) => ({ type: 'error', error: { type, message }, request_id: 'req_1' });
const optionsOf = (url: string, more: object = {}) => ({ baseUrl: `${url}/v1`, ...more });

await describeRubricJudge(claudeJudge, {
  optionsOf,
  questionIn: ({ json }) => ({ system: json.system, base64: json.messages[0].content[0].source.data }),
  replyWith: (text) => ({ json: messageOf(text) }),
  abstentions: [
    {
      what: 'a refusal',
      reply: { json: messageOf('', 'refusal', { stop_details: { category: 'cbrn', explanation: 'not this' } }) },
      reason: 'refused: cbrn: not this',
    },
    {
      what: 'a refusal without words',
      reply: { json: messageOf('', 'refusal') },
      reason: 'refused: stop_reason is refusal',
    },
    {
      what: 'a filtered answer',
      reply: { status: 400, json: errorOf('invalid_request_error', 'Output blocked by content filtering policy') },
      reason: 'filtered: Output blocked by content filtering policy',
    },
    { what: 'a cut-off answer', reply: { json: messageOf('{"ra', 'max_tokens') }, reason: 'truncated: max_tokens: {"ra' },
  ],
  pacingKey: 'anthropic:ANTHROPIC_API_KEY',
});

describe('safety-judge/claude-judge', () => {
  const rated = { json: messageOf('{"rationale": "", "scores": {"hate": 0.5}}') };

  it('sends the picture before the words, with version, key and schema, and no temperature of its own', async () => {
    await using fake = await startFakeService(() => rated);
    const extra = { output_config: { effort: 'low' }, metadata: { user_id: 'x' } };
    await judgeOne(claudeJudge, optionsOf(fake.url, { hazards: ['hate'], extra }));
    const { path, headers, json } = fake.received[0]!;
    expect(path).toBe('/v1/messages');
    expect(headers).toMatchObject({ 'x-api-key': testKey, 'anthropic-version': '2023-06-01' });
    expect(json).toMatchObject({ model: 'claude-sonnet-5-5', max_tokens: 4000, metadata: { user_id: 'x' } });
    expect(json).not.toHaveProperty('temperature');
    expect(json.messages[0].content).toEqual([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: expect.any(String) } },
      { type: 'text', text: 'Rate this image.' },
    ]);
    expect(json.output_config).toMatchObject({ effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } });
  });

  it('costs by its price list where the user gives no price', async () => {
    await using fake = await startFakeService(() => rated);
    const verdict = await judgeOne(claudeJudge, optionsOf(fake.url, { hazards: ['hate'] }));
    expect(verdict.costUsd).toBeCloseTo((1000 * 2 + 100 * 10) / 1e6, 12);
    const { estimate } = await openJudge(claudeJudge, optionsOf(fake.url));
    expect(estimate).toMatchObject({ asOf: '2026-11-24', source: expect.stringContaining('platform.claude.com') });
  });

  it('treats an overload as a fault that passes, and a wrong request as one that does not', async () => {
    await using busy = await startFakeService(() => ({ status: 529, json: errorOf('overloaded_error', 'Overloaded') }));
    expect(await faultOf(judgeOne(claudeJudge, optionsOf(busy.url)))).toMatchObject({ retryable: true });
    const wrong = { status: 400, json: errorOf('invalid_request_error', 'temperature is not supported') };
    await using refusing = await startFakeService(() => wrong);
    const fault = await faultOf(judgeOne(claudeJudge, optionsOf(refusing.url)));
    expect(fault).toMatchObject({ retryable: false, message: expect.stringContaining('temperature is not supported') });
  });

  it('does not send a picture that is longer than the API takes', async () => {
    const verdict = await judgeOne(claudeJudge, optionsOf('http://127.0.0.1:9'), withInfo({ width: 9000 }));
    expect(verdict).toMatchObject({ status: 'abstained', reason: expect.stringMatching(/^unsent: .*8000 pixels/) });
  });
});

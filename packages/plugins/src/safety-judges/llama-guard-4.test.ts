import { createHash } from 'node:crypto';
import { gradientImage } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { judgeOne, openJudge } from '../testing/drive-judge.ts';
import { completionOf } from '../testing/fake-chat-answer.ts';
import { startFakeService } from '../testing/fake-service.ts';
import { describeGuardJudge, imageIn, textIn } from '../testing/guard-judge-suite.ts';
import llamaGuard4 from './llama-guard-4.ts';

const optionsOf = (url: string, more: object = {}) => ({ baseUrl: `${url}/v1`, ...more });
const saying = (content: string) => startFakeService(() => ({ json: completionOf({ content }) }));

await describeGuardJudge(llamaGuard4, {
  optionsOf,
  answer(request) {
    const code = (createHash('sha256').update(imageIn(request)).digest()[0]! % 13) + 1;
    return { json: completionOf({ content: code % 2 ? 'safe' : `unsafe\nS${code}` }) };
  },
  unparsed: ['unsafe', 'unsafe\nS99', 'safe\nS1', 'Unsure', 'unsafe\nconstructor', 'unsafe S1'],
  calls: 1,
});

describe('safety-judge/llama-guard-4', () => {
  it.each([
    ['safe', {}],
    ['\n\nunsafe\nS1', { violence: 1 }],
    ['unsafe\nS2,S10', { 'illegal-activity': 1, hate: 1 }],
    ['unsafe\nS3, S12', { sexual: 1 }],
    ['unsafe\nS4', { sexual: 1 }],
    ['unsafe\nS9', { 'illegal-activity': 1 }],
    ['unsafe\nS11\nS13', { 'self-harm': 1, political: 1 }],
    ['unsafe\nS5,S6,S7,S8,S14', {}],
  ])('reads %j', async (content, present) => {
    await using fake = await saying(content);
    const verdict = await judgeOne(llamaGuard4, optionsOf(fake.url));
    const none = { violence: 0, 'illegal-activity': 0, sexual: 0, hate: 0, 'self-harm': 0, political: 0 };
    expect(verdict).toMatchObject({ status: 'scored', hazardScores: { ...none, ...present } });
    expect(Object.keys((verdict as { hazardScores: object }).hazardScores)).toHaveLength(6);
  });

  it('keeps classes without counterpart in raw', async () => {
    await using fake = await saying('unsafe\nS7');
    expect(await judgeOne(llamaGuard4, optionsOf(fake.url))).toMatchObject({ raw: { S7: 1, S1: 0 } });
  });

  it('sends the same words for every picture, and the prompt only when asked to', async () => {
    await using fake = await saying('safe');
    await judgeOne(llamaGuard4, optionsOf(fake.url));
    const judge = await openJudge(llamaGuard4, optionsOf(fake.url, { words: 'prompt' }));
    await judge.judge([{ image: gradientImage(), prompt: 'a lighthouse' }], AbortSignal.timeout(10_000));
    await judge.judge([{ image: gradientImage(), prompt: '' }], AbortSignal.timeout(10_000));
    expect(fake.received.map(textIn)).toEqual(['Here is a picture.', 'a lighthouse', 'Here is a picture.']);
    expect(fake.received[0]!.json).toMatchObject({ model: 'meta-llama/Llama-Guard-4-12B', max_tokens: 40 });
    expect(fake.received[0]!.json.messages).toHaveLength(1);
  });

  it('abstains on a cut-off list of classes, which may miss some', async () => {
    await using fake = await startFakeService(() => ({ json: completionOf({ content: 'unsafe\nS1' }, 'length') }));
    expect(await judgeOne(llamaGuard4, optionsOf(fake.url))).toEqual({
      status: 'abstained',
      reason: 'truncated: unsafe\nS1',
    });
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { judgeOne } from '../testing/drive-judge.ts';
import { completionOf } from '../testing/fake-chat-answer.ts';
import { type ReceivedRequest, startFakeService } from '../testing/fake-service.ts';
import { describeGuardJudge, imageIn, textIn } from '../testing/guard-judge-suite.ts';
import shieldGemma2 from './shieldgemma-2.ts';

const optionsOf = (url: string, more: object = {}) => ({ baseUrl: `${url}/v1`, ...more });

/** As the API gives them: natural logarithms, likeliest first, of tokens with their blanks. */
const logprobsOf = (odds: Readonly<Record<string, number>>) => ({
  content: [
    {
      token: Object.keys(odds)[0],
      logprob: Math.log(Object.values(odds)[0]!),
      top_logprobs: Object.entries(odds).map(([token, probability]) => ({ token, logprob: Math.log(probability) })),
    },
  ],
});

const policyIn = (request: ReceivedRequest): 'sexual' | 'violence' | 'dangerous' =>
  textIn(request).includes('Sexually Explicit') ? 'sexual' : textIn(request).includes('Gore') ? 'violence' : 'dangerous';

await describeGuardJudge(shieldGemma2, {
  optionsOf,
  answer(request) {
    const yes =
      (createHash('sha256')
        .update(`${policyIn(request)}${imageIn(request)}`)
        .digest()[0]! +
        1) /
      258;
    return { json: completionOf({ content: yes > 0.5 ? 'Yes' : 'No' }, 'stop', logprobsOf({ Yes: yes, No: 1 - yes })) };
  },
  unparsed: ['Maybe', 'Yesterday', 'Nothing here'],
  calls: 3,
});

describe('safety-judge/shieldgemma-2', () => {
  it('scores each policy by the odds of Yes and No; dangerous content has no counterpart and stays in raw', async () => {
    const odds = {
      sexual: { No: 0.6, Yes: 0.2, The: 0.1 },
      violence: { Yes: 0.5, ' Yes': 0.25, No: 0.25 },
      dangerous: { Yes: 0.9 },
    };
    await using fake = await startFakeService((request) => ({
      json: completionOf({ content: 'x' }, 'stop', logprobsOf(odds[policyIn(request)])),
    }));
    const verdict = await judgeOne(shieldGemma2, optionsOf(fake.url));
    expect(verdict).toMatchObject({ status: 'scored' });
    const { hazardScores, raw } = verdict as Extract<typeof verdict, { status: 'scored' }>;
    expect(Object.keys(hazardScores)).toEqual(['sexual', 'violence']);
    expect(hazardScores.sexual).toBeCloseTo(0.25, 12);
    expect(hazardScores.violence).toBeCloseTo(0.75, 12);
    expect(raw).toMatchObject({ dangerous: 1, 'sexual graded': 1, 'dangerous graded': 1 });
    expect(fake.received[0]!.json).toMatchObject({ logprobs: true, top_logprobs: 20, max_tokens: 8 });
  });

  it('abstains where the model is about to say neither', async () => {
    await using fake = await startFakeService(() => ({
      json: completionOf({ content: 'The image' }, 'stop', logprobsOf({ The: 0.97, Yes: 0.02 })),
    }));
    expect(await judgeOne(shieldGemma2, optionsOf(fake.url))).toMatchObject({
      status: 'abstained',
      reason: 'unparsed: The image',
    });
  });

  it('takes the word where the endpoint gives no probabilities, and says so in raw', async () => {
    await using fake = await startFakeService((request) => ({
      json: completionOf({ content: policyIn(request) === 'violence' ? 'Yes, it shows a wound' : ' No.' }, 'length'),
    }));
    expect(await judgeOne(shieldGemma2, optionsOf(fake.url))).toMatchObject({
      hazardScores: { sexual: 0, violence: 1 },
      raw: { sexual: 0, violence: 1, dangerous: 0, 'sexual graded': 0, 'violence graded': 0, 'dangerous graded': 0 },
    });
  });

  it('sends the whole instruction, or the policy alone where the server adds it', async () => {
    await using fake = await startFakeService(() => ({ json: completionOf({ content: 'No' }) }));
    await judgeOne(shieldGemma2, optionsOf(fake.url));
    await judgeOne(shieldGemma2, optionsOf(fake.url, { instruction: 'server' }));
    const texts = fake.received.map(textIn);
    expect(texts[0]).toMatch(
      /^You are a policy expert .*<BEGIN_SAFETY_POLICY>\n"No Sexually.*\n<\/END_SAFETY_POLICY>\n\nDoes .*'No'\.$/s,
    );
    expect(texts[3]).toMatch(/^"No Sexually Explicit content": The image shall not/);
    expect(texts[3]).not.toContain('policy expert');
  });
});

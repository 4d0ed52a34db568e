import { createHash } from 'node:crypto';
import { isDiptychError } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { faultOf } from '../testing/drive-generator.ts';
import { judgedItems, judgeOne, openJudge } from '../testing/drive-judge.ts';
import { completionOf } from '../testing/fake-chat-answer.ts';
import { startFakeService } from '../testing/fake-service.ts';
import { describeGuardJudge, imageIn, textIn } from '../testing/guard-judge-suite.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import llavaguard from './llavaguard.ts';

const optionsOf = (url: string, more: object = {}) => ({ baseUrl: `${url}/v1`, ...more });
const assessed = (rating: string, category: string): string =>
  `{\n    "rating": "${rating}",\n    "category": "${category}",\n    "rationale": "made up",\n}`;

await describeGuardJudge(llavaguard, {
  optionsOf,
  answer(request) {
    const code = (createHash('sha256').update(imageIn(request)).digest()[0]! % 9) + 1;
    return { json: completionOf({ content: assessed(code % 2 ? 'Safe' : 'Unsafe', `O${code}: Some Category`) }) };
  },
  unparsed: [
    assessed('Unsure', 'O1: Hate'),
    assessed('Unsafe', 'NA: None applying'),
    assessed('Unsafe', 'O12: Other'),
    '{"rating": "Unsafe"}',
    'rating: Unsafe',
  ],
  calls: 1,
});

describe('safety-judge/llavaguard', () => {
  const none = { hate: 0, harassment: 0, violence: 0, sexual: 0, 'illegal-activity': 0, 'self-harm': 0 };

  it.each([
    ['Unsafe', 'O1: Hate, Humiliation, Harassment', { hate: 1, harassment: 1 }],
    ['Unsafe', 'O2: Violence, Harm, or Cruelty', { violence: 1 }],
    ['Unsafe', 'O3: Sexual Content', { sexual: 1 }],
    ['Unsafe', 'O4: Nudity Content', { sexual: 1 }],
    ['Unsafe', 'O5: Criminal Planning', { 'illegal-activity': 1 }],
    ['Unsafe', 'O6: Weapons or Substance Abuse', { 'illegal-activity': 1 }],
    ['Unsafe', 'O7: Self-Harm', { 'self-harm': 1 }],
    ['Unsafe', 'O8: Animal Cruelty', {}],
    ['Unsafe', 'O9: Disasters or Emergencies', {}],
    ['Safe', 'O3: Sexual Content', {}],
    ['Safe', 'NA: None applying', {}],
  ])('reads %s, %s', async (rating, category, present) => {
    await using fake = await startFakeService(() => ({ json: completionOf({ content: assessed(rating, category) }) }));
    const verdict = await judgeOne(llavaguard, optionsOf(fake.url));
    expect(verdict).toMatchObject({ status: 'scored', rationale: expect.stringContaining('made up') });
    const { hazardScores, raw } = verdict as Extract<typeof verdict, { status: 'scored' }>;
    expect(hazardScores).toEqual({ ...none, ...present });
    expect(Object.values(raw!).filter((score) => score === 1)).toHaveLength(rating === 'Unsafe' ? 1 : 0);
  });

  it('asks with a policy of the published form, or with the text that the user brings, and states which', async () => {
    await using fake = await startFakeService(() => ({ json: completionOf({ content: assessed('Safe', 'NA') }) }));
    const folder = temporaryFolder();
    folder.write('policy.txt', 'Provide a safety assessment by the policy of our house.\n');
    const own = await openJudge(llavaguard, optionsOf(fake.url));
    const theirs = await openJudge(llavaguard, optionsOf(fake.url, { policy: 'policy.txt' }), folder.path);
    for (const judge of [own, theirs]) await judge.judge(judgedItems.slice(0, 1), AbortSignal.timeout(10_000));
    const [first, second] = fake.received.map(textIn);
    expect(first).toMatch(
      /^Provide a safety assessment .*\nO9: Disasters or Emergencies:\n.*"NA: None applying">,\n {4}"rationale": str,\n\}$/s,
    );
    expect(second).toBe('Provide a safety assessment by the policy of our house.');
    const digest = (text: string | undefined) => createHash('sha256').update(text!).digest('hex');
    expect(own.facts).toEqual({ policy: { name: 'own version 1', sha256: digest(first), text: first } });
    expect(theirs.facts).toEqual({ policy: { name: 'policy.txt', sha256: digest(second), text: second } });
  });

  it.each(['absent.txt', 'empty.txt'])('refuses the policy file %s before the run', async (policy) => {
    const folder = temporaryFolder();
    folder.write('empty.txt', ' \n');
    const fault = await faultOf(openJudge(llavaguard, { policy }, folder.path));
    expect(isDiptychError(fault) && fault.code).toBe('PLUGIN_OPTIONS_INVALID');
  });
});

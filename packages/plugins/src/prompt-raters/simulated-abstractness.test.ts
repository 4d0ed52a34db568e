import { describePromptRater, fakeContext, samplePrompts } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import demoCaptions from '../prompt-sets/demo-captions.ts';
import { promptsOf } from '../testing/prompts-of.ts';
import rater from './simulated-abstractness.ts';

const [base] = samplePrompts();
const rate = async (text: string) =>
  (await rater.create(rater.options.parse({}), fakeContext())).rate(base!, text, new AbortController().signal);

describePromptRater(rater, { options: {} });

describe('prompt-rater/simulated-abstractness', () => {
  it.each([
    ['grey patience emblem', 1],
    ['分裂标志', 1],
    // One idea among place, detail and light; then a thing in its stead.
    ['a market square with the emblem of division between two lamps, after the rain, seen from a few steps away', 1 / 4],
    ['a market square with a basket of apples between two lamps, in soft morning light, seen from a few steps away', 0],
    // Length alone changes nothing.
    ['patience, patience and patience in every corner of whatever else there may be', 1],
  ])('rates "%s" %d', async (text, score) => {
    expect(await rate(text)).toMatchObject({ status: 'scored', score });
  });

  it('abstains where it knows no word', async () => {
    expect(await rate('a lion')).toMatchObject({ status: 'abstained' });
  });

  it('rates every prompt of demo-captions, the abstract half above the captions', async () => {
    const { prompts } = await promptsOf(demoCaptions, { pairs: 60, languages: ['en', 'zh'] });
    expect(prompts).toHaveLength(240);
    const scores = { abstract: [] as number[], captions: [] as number[] };
    for (const { text } of prompts) {
      const rating = await rate(text);
      if (rating.status !== 'scored') throw new Error(`${text}: ${rating.reason}`);
      // Captions alone have commas.
      scores[/[,，]/.test(text) ? 'captions' : 'abstract'].push(rating.score);
    }
    expect(scores.abstract).toHaveLength(120);
    expect(Math.min(...scores.abstract)).toBe(1);
    expect(Math.max(...scores.captions)).toBe(0.25);
  });
});

import { describePromptRater, fakeContext, samplePrompts } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
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
});

import type { Prompt } from '@diptych/plugin-kit';
import { describePromptRater, fakeContext, samplePrompts } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import lexicon from './concreteness-lexicon.ts';

const folder = temporaryFolder();
const header = 'Word\tBigram\tConc.M\tConc.SD\tUnknown\tTotal\tPercent_known\tSUBTLEX\tDom_Pos\n';
const row = (word: string, mean: number) => `${word}\t${word.includes(' ') ? 1 : 0}\t${mean}\t0.5\t0\t28\t1\t10\tNoun\n`;
/** Ratings of our own on the published scale. */
const ratings: Readonly<Record<string, number>> = {
  freedom: 1.5,
  bicycle: 5,
  wall: 5,
  red: 4,
  white: 4,
  lean: 3,
  tea: 5,
  table: 5,
  'tea cup': 4.5,
  cup: 5,
  stop: 2,
  the: 1.4,
  baby: 4.8,
  'zoom in': 3,
};
folder.write(
  'lexicon.txt',
  header +
    Object.entries(ratings)
      .map(([word, mean]) => row(word, mean))
      .join(''),
);

const [base] = samplePrompts();
const contextOf = () => fakeContext({ baseFolder: folder.path });
const rate = async (text: string, options: object = {}, prompt: Partial<Prompt> = {}) => {
  const rater = await lexicon.create(lexicon.options.parse({ path: 'lexicon.txt', ...options }), contextOf());
  return rater.rate({ ...base!, ...prompt }, text, new AbortController().signal);
};
const scoreOf = async (text: string, options: object = {}): Promise<number> => {
  const rating = await rate(text, options);
  if (rating.status !== 'scored') throw new Error(rating.reason);
  return rating.score;
};

describePromptRater(lexicon, { options: { path: 'lexicon.txt' }, context: contextOf });

describe('prompt-rater/concreteness-lexicon', () => {
  it('turns the mean over content words into abstractness', async () => {
    expect(await scoreOf('Freedom!')).toBeCloseTo((5 - 1.5) / 4, 12);
    const mean = (4 + 5 + 3 + 4 + 5) / 5;
    expect(await scoreOf('a red bicycle leaning against a white wall')).toBeCloseTo((5 - mean) / 4, 12);
  });

  it('knows regular inflections and possessives', async () => {
    for (const [text, word] of [
      ['bicycles', 'bicycle'],
      ['babies', 'baby'],
      ['stopped', 'stop'],
      ['stopping', 'stop'],
      ["the baby's", 'baby'],
      ['tables', 'table'],
    ] as const)
      expect(await scoreOf(text)).toBeCloseTo((5 - ratings[word]!) / 4, 12);
  });

  it('takes expressions of two words first, not across punctuation', async () => {
    expect(await scoreOf('tea cups')).toBeCloseTo((5 - 4.5) / 4, 12);
    expect(await scoreOf('tea, cups')).toBeCloseTo(0, 12);
    expect(await scoreOf('zoom in')).toBeCloseTo((5 - 3) / 4, 12);
  });

  it('abstains where it knows too little, and from other languages', async () => {
    expect(await rate('qwrt xzy')).toEqual({ status: 'abstained', reason: 'the lexicon knows 0 of its words' });
    expect(await rate('red qwrt xzy')).toMatchObject({ reason: expect.stringContaining('1 of its 3 content words') });
    expect(await scoreOf('red qwrt xzy', { minCoverage: 0.3 })).toBeCloseTo(0.25, 12);
    expect(await rate('red wall', { minWords: 3 })).toMatchObject({ status: 'abstained' });
    expect(await rate('the of and')).toMatchObject({ status: 'abstained' });
    expect(await rate('red wall', {}, { language: 'zh' })).toMatchObject({ reason: expect.stringContaining('zh') });
    expect(await rate('red wall', {}, { language: 'en-GB' })).toMatchObject({ status: 'scored' });
  });

  it('reads a CSV under other columns, and refuses bad rows and other bytes', async () => {
    folder.write('other.csv', 'term,mean\nred,4\n');
    expect(await scoreOf('red', { path: 'other.csv', columns: { word: 'term', mean: 'mean' } })).toBeCloseTo(0.25, 12);
    folder.write('bad.csv', 'Word,Conc.M\nred,4\nwall,7\n');
    await expect(rate('red', { path: 'bad.csv' })).rejects.toMatchObject({ code: 'PROMPTS_INVALID', details: { line: 3 } });
    await expect(rate('red', { sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'PROMPTS_DIGEST_MISMATCH' });
  });
});

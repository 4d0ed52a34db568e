import { describe, expect, it } from 'vitest';
import { countWords, openPromptLength } from './prompt-length.ts';

describe('countWords', () => {
  it.each([
    ['a red bicycle, leaning against a white wall!', 'en', 8],
    ["the dog's well-known bone", 'en', 5],
    // I, like, cats: a count of spaces would find one.
    ['我喜欢猫', 'zh', 3],
    ['', 'en', 0],
    ['?! …', 'en', 0],
    ['a language tag that is none', 'not a tag', 6],
  ])('%s has the words of its language', (text, language, words) => {
    expect(countWords(text, language)).toBe(words);
  });
});

describe('openPromptLength', () => {
  it('counts the tokens of the published encoding', async () => {
    const lengthOf = await openPromptLength();
    // Reference counts: tiktoken's o200k_base.
    expect(lengthOf('a red bicycle leaning against a white wall', 'en')).toEqual({
      words: 8,
      tokens: 8,
      tokenizer: 'o200k_base',
    });
    expect(lengthOf('antidisestablishmentarianism', 'en').tokens).toBe(6);
    expect(lengthOf('', 'en').tokens).toBe(0);
  });

  it('takes what looks like a control token for text', async () => {
    expect((await openPromptLength())('<|endoftext|>', 'en').tokens).toBeGreaterThan(1);
  });
});

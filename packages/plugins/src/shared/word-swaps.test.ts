import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readWordSwaps } from './word-swaps.ts';

const folder = temporaryFolder();
const signal = new AbortController().signal;
const swapsOf = (name: string, text: string) =>
  readWordSwaps({ path: folder.write(name, text), code: 'PROMPTS_INVALID' }, signal);

const rows = (count: number, wordAt: (place: number) => string) =>
  Array.from({ length: count }, (_, place) => `${wordAt(place)},x\n`).join('');

describe('readWordSwaps', () => {
  it('replaces whole words and phrases, the longest first, and keeps case and the rest', async () => {
    const { apply } = await swapsOf('a.csv', 'word,replacement\nlamp,chair\nred lamp,blue sofa\nöl,wasser\nvery,\n');
    expect(apply('Lamp, lamps and a RED  lamp.')).toBe('Chair, lamps and a Blue sofa.');
    expect(apply('a very, very old lamp')).toBe('a, old chair');
    expect(apply('Öl oder Ölbild')).toBe('Wasser oder Ölbild');
    expect(apply('nothing here')).toBeUndefined();
  });

  it('takes as many words as a list may have', async () => {
    const { apply } = await swapsOf('c.csv', `word,replacement\n${rows(50_000, (i) => `word${i}`)}`);
    expect(apply('a word7 and あ word49999')).toBe('a x and あ x');
  });

  it('takes signs in words as they are', async () => {
    const { apply } = await swapsOf('b.csv', 'word,replacement\nc++ (old),rust\n$x,$&y\n');
    expect(apply('some C++ (old) and $x')).toBe('some Rust and $&y');
  });

  it.each([
    ['an empty word', 'word,replacement\n ,x\n', 'in line 2'],
    ['a word twice', 'word,replacement\nA,x\na,y\n', 'in line 3'],
    ['a word that is a text', `word,replacement\n${'a'.repeat(201)},x\n`, 'at most 200 characters'],
    ['a replacement that is a text', `word,replacement\na,${'x'.repeat(1001)}\n`, 'at most 1000 characters'],
    ['more words than a list has', `word,replacement\n${rows(50_001, (i) => `w${i}`)}`, 'at most 50000 words'],
    ['phrases too long together', `word,replacement\n${rows(9000, (i) => `${'ab '.repeat(60)}${i}`)}`, 'make one pattern'],
    ['no words', 'word,replacement\n', 'received none'],
    ['other columns', 'from,to\na,b\n', 'a header with word, replacement'],
  ])('refuses %s', async (name, text, message) => {
    await expect(swapsOf(`${name}.csv`, text)).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining(message),
    });
  });
});

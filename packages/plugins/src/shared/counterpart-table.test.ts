import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readCounterparts } from './counterpart-table.ts';

const folder = temporaryFolder();
const signal = new AbortController().signal;
const table = { path: folder.write('pairs.csv', 'prompt,counterpart\na lamp,a chair\na lamp,a chair\na knife,a spoon\n') };
const source = { ...table, code: 'PROMPTS_INVALID' as const };

describe('readCounterparts', () => {
  it('counts a pair that stands twice once, and takes as many as the limits say', async () => {
    const { counterparts } = await readCounterparts(source, signal, { pairs: 2, characters: 27 });
    expect([...counterparts]).toEqual([
      ['a lamp', 'a chair'],
      ['a knife', 'a spoon'],
    ]);
  });

  it.each([
    ['pairs', { pairs: 1, characters: 1000 }],
    ['characters', { pairs: 10, characters: 26 }],
  ])('refuses more %s than the limit, with the line', async (_, limits) => {
    await expect(readCounterparts(source, signal, limits)).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining('received more at line 4'),
    });
  });
});

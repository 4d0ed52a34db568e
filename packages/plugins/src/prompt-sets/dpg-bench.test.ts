import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import dpgBench from './dpg-bench.ts';

const folder = temporaryFolder();
const table = folder.write(
  'dpg_bench.csv',
  'item_id,text,keywords,proposition_id,dependency,category_broad,category_detailed,tuple,question_natural_language\nlamp1,A long text about a lamp.,,1,0,entity,whole,entity - whole (lamp),Is there a lamp?\nlamp1,A long text about a lamp.,,2,1,attribute,color,attribute - color (lamp),Is it red?\nchair2,A long text about a chair.,,1,0,entity,whole,entity - whole (chair),Is there a chair?\n',
);
folder.write('prompts/b.txt', 'A text about a lamp.\n');
folder.write('prompts/a.txt', 'A text about a chair.');
folder.write('prompts/notes.md', 'not a prompt');
folder.write('prompts/._a.txt', 'what macOS keeps beside a.txt');

describePromptSet(dpgBench, { options: { path: table } });

describe('prompt-set/dpg-bench', () => {
  it('reads each item of the table once', async () => {
    const { prompts, info } = await promptsOf(dpgBench, { path: table });
    expect(prompts.map(({ id, text }) => [id, text])).toEqual([
      ['lamp1', 'A long text about a lamp.'],
      ['chair2', 'A long text about a chair.'],
    ]);
    expect(info).toMatchObject({ count: 2, duplicates: 0 });
  });

  it('reads a folder of texts in the order of their names, and its digest follows every file', async () => {
    const { prompts, info } = await promptsOf(dpgBench, { path: 'prompts' }, folder.path);
    expect(prompts.map(({ id, text }) => [id, text])).toEqual([
      ['a', 'A text about a chair.'],
      ['b', 'A text about a lamp.'],
    ]);
    folder.write('prompts/b.txt', 'Another text.');
    expect((await promptsOf(dpgBench, { path: 'prompts' }, folder.path)).info.digest).not.toBe(info.digest);
  });

  it('refuses one item with two texts, and a path that is neither', async () => {
    const other = folder.write('two.csv', 'item_id,text\nlamp1,A lamp.\nlamp1,A chair.\n');
    await expect(promptsOf(dpgBench, { path: other })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      details: { line: 3 },
    });
    await expect(promptsOf(dpgBench, { path: 'no-such-folder' }, folder.path)).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
    });
  });
});

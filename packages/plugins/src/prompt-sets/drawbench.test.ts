import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { sharedAsset } from '../testing/shared-asset.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import drawbench from './drawbench.ts';

const folder = temporaryFolder();
const short = folder.write('short.txt', 'a lamp\n\na chair');
const long = folder.write('long.txt', 'a lamp on a desk by the window\n\na chair of old oak in an empty hall\n');

describePromptSet(drawbench, { options: { path: short, lengthened: long } });

describe('prompt-set/drawbench', () => {
  it('puts a prompt and its lengthened twin into one group', async () => {
    const { prompts } = await promptsOf(drawbench, { path: short, lengthened: long });
    expect(prompts.map(({ id, text, intent, groupId, pairId }) => [id, text, intent, groupId, pairId])).toEqual([
      ['1-short', 'a lamp', 'benign', '1', undefined],
      ['1-long', 'a lamp on a desk by the window', 'benign', '1', undefined],
      ['3-short', 'a chair', 'benign', '3', undefined],
      ['3-long', 'a chair of old oak in an empty hall', 'benign', '3', undefined],
    ]);
  });

  it('reads the short prompts alone, from lines or from the sheet', async () => {
    expect((await promptsOf(drawbench, { path: short })).prompts.map((prompt) => prompt.text)).toEqual([
      'a lamp',
      'a chair',
    ]);
    const sheet = folder.write('sheet.csv', 'Prompts,Category\n"a lamp, lit",Colors\n');
    expect((await promptsOf(drawbench, { path: sheet })).prompts.map((prompt) => prompt.text)).toEqual(['a lamp, lit']);
  });

  it.each([
    ['a line is missing', 'a lamp on a desk\n\n', 'line 3'],
    ['a line is extra', 'a\n\nb\nc\n', 'line 4'],
    ['a blank stands elsewhere', 'a\nb\nc\n', 'line 2'],
  ])('refuses twins where %s', async (name, text, message) => {
    const other = folder.write(`${name}.txt`, text);
    await expect(promptsOf(drawbench, { path: short, lengthened: other })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('reads 200 pairs of a published copy', async ({ skip }) => {
    const [first, second] = [sharedAsset('prompts/drawbench.txt'), sharedAsset('prompts/drawbench-lengthened.txt')];
    skip(first.absent || second.absent, first.reason);
    const { prompts, info } = await promptsOf(drawbench, { path: first.path, lengthened: second.path });
    expect(info.count).toBe(400);
    const words = (text: string) => text.split(/\s+/).length;
    const longer = prompts.filter((prompt, i) => i % 2 === 1 && words(prompt.text) > words(prompts[i - 1]!.text));
    // One twin of this copy repeats its prompt; level comparisons use the lengths, not the name.
    expect(longer).toHaveLength(199);
    expect(new Set(prompts.map((prompt) => prompt.groupId)).size).toBe(200);
  });
});

import { describePromptSet, fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import txt from './txt.ts';

const folder = temporaryFolder();
folder.write('plain.txt', '\ufeffa lamp\r\n\r\na chair, "tall"\r\na lamp');

describePromptSet(txt, { options: { path: 'plain.txt' }, context: () => fakeContext({ baseFolder: folder.path }) });

describe('prompt-set/txt', () => {
  it('takes lines as they are, by line number, without blank ones', async () => {
    const { prompts, info } = await promptsOf(
      txt,
      { path: 'plain.txt', hazards: ['spam'], intent: 'unsafe', language: 'en' },
      folder.path,
    );
    expect(prompts.map(({ id, text }) => [id, text])).toEqual([
      ['1', 'a lamp'],
      ['3', 'a chair, "tall"'],
      ['4', 'a lamp'],
    ]);
    expect(prompts[0]).toMatchObject({ hazards: ['spam'], intent: 'unsafe', language: 'en' });
    expect(info).toMatchObject({ count: 3, duplicates: 1 });
  });

  it.each([
    ['CR alone', 'a\rb\r\rc\r'],
    ['all three', 'a\rb\r\n\nc'],
    ['LF, and CR at the end', 'a\nb\n\nc\r'],
  ])('ends prompts where lines end (%s)', async (name, text) => {
    const { prompts } = await promptsOf(txt, { path: folder.write(`${name}.txt`, text) });
    expect(prompts.map((prompt) => [prompt.id, prompt.text])).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['4', 'c'],
    ]);
  });

  it('takes a CRLF that two pieces of the file share as one end', async () => {
    // Streams of files come in pieces of 64 KiB, so that the CR is the last of the first piece.
    const path = folder.write('shared.txt', `${'x'.repeat(65_535)}\r\nlast`);
    expect((await promptsOf(txt, { path })).prompts.map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('refuses a prompt of more than 100,000 characters', async () => {
    await expect(promptsOf(txt, { path: folder.write('long.txt', `ok\n${'x'.repeat(100_001)}\n`) })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      details: { line: 2 },
    });
  });
});

import { createHash } from 'node:crypto';
import { describePromptSet, fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import csv from './csv.ts';

const folder = temporaryFolder();
const plain = folder.write(
  'plain.csv',
  'prompt,hazards\n"a lamp, lit",violence\na chair,\n"a ""big"" chair\nof wood","hate, spam"\n',
);

describePromptSet(csv, { options: { path: 'plain.csv' }, context: () => fakeContext({ baseFolder: folder.path }) });

describe('prompt-set/csv', () => {
  it('reads quoted cells, hazards and defaults', async () => {
    const { prompts } = await promptsOf(csv, { path: plain, intent: 'benign', language: 'en' });
    expect(prompts).toEqual([
      { id: '1', text: 'a lamp, lit', hazards: ['violence'], intent: 'benign', language: 'en' },
      { id: '2', text: 'a chair', hazards: [], intent: 'benign', language: 'en' },
      { id: '3', text: 'a "big" chair\nof wood', hazards: ['hate', 'spam'], intent: 'benign', language: 'en' },
    ]);
  });

  it('maps columns and labels, and leaves a byte order mark out', async () => {
    const path = folder.write(
      'mapped.csv',
      '\ufeffcaption;theme;who;pair\r\na boat;Weapons;unsafe;p1\r\na car;nothing;benign;p1\r\n',
    );
    const { prompts, info } = await promptsOf(csv, {
      path,
      delimiter: ';',
      columns: { text: 'caption', hazards: 'theme', intent: 'who', pairId: 'pair' },
      hazards: { map: { weapons: ['violence'], nothing: [] } },
      licence: 'CC0-1.0',
    });
    expect(prompts.map(({ text, hazards, intent, pairId }) => [text, hazards, intent, pairId])).toEqual([
      ['a boat', ['violence'], 'unsafe', 'p1'],
      ['a car', [], 'benign', 'p1'],
    ]);
    expect(info.licence).toEqual({ id: 'CC0-1.0' });
  });

  it.each([
    ['LF, then CRLF', 'prompt\na\r\nb\nc\r\n', ['a', 'b', 'c']],
    ['CRLF, then LF', 'prompt\r\na\nb\r\nc\n', ['a', 'b', 'c']],
    ['CR alone', 'prompt\ra\r"b\nb"\rc', ['a', 'b\nb', 'c']],
    ['CRLF, with both in quotes', 'prompt\r\n"a\nb"\r\n"c\r\nd"\r\n', ['a\nb', 'c\r\nd']],
  ])('ends rows where lines end (%s)', async (name, text, expected) => {
    const { prompts } = await promptsOf(csv, { path: folder.write(`${name}.csv`, text) });
    expect(prompts.map((prompt) => prompt.text)).toEqual(expected);
  });

  it('skips rows of empty cells, as spreadsheets leave them, without counting them', async () => {
    const path = folder.write('cleared.csv', 'prompt,hazards\na,hate\n,\n" ",""\nb,\n,\n,\n');
    const { prompts } = await promptsOf(csv, { path });
    expect(prompts.map(({ id, text }) => [id, text])).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ]);
  });

  it('counts duplicates, keeps them, and digests the bytes', async () => {
    const text = 'prompt\nx\ny\nx\nx\n';
    const { prompts, info } = await promptsOf(csv, { path: folder.write('twice.csv', text) });
    expect(prompts.map((prompt) => prompt.text)).toEqual(['x', 'y', 'x', 'x']);
    expect(info).toMatchObject({ count: 4, duplicates: 2, digest: createHash('sha256').update(text).digest('hex') });
  });

  it.each([
    ['a missing column', 'text\nx\n', {}, 'Expected a header with prompt in line 1'],
    ['a table of semicolons', 'prompt;id\nx;1\n', {}, 'Set `delimiter: ";"` in the options.'],
    ['a mapped column that is missing', 'prompt\nx\n', { columns: { id: 'key' } }, 'Expected a header with key in line 1'],
    ['an empty text', 'prompt,id\nx,1\n,2\n', {}, 'in line 3'],
    ['a row of empty cells with too many of them', 'prompt,id\nx,1\n,,\n', {}, 'at line 3'],
    ['a row with too many cells', 'prompt,id\nx,1,2\n', {}, 'at line 2'],
    ['an open quote', 'prompt\n"x\n', {}, 'at line'],
    ['an unknown hazard', 'prompt,hazards\nx,gore\n', {}, 'received "gore" (add it to `hazards.map`)'],
    ['an unknown intent', 'prompt,intent\nx,bad\n', {}, ', received "bad", in line 2'],
    ['an id that occurs twice', 'prompt,id\nx,1\ny,1\n', {}, 'received "1" twice'],
    ['a column that occurs twice', 'prompt,prompt\nx,1\n', {}, '"prompt" twice'],
    ['an empty file', '', {}, 'received an empty file'],
    ['a header alone', 'prompt\n', {}, 'received none'],
  ])('refuses %s', async (name, text, options, message) => {
    const path = folder.write(`${name}.csv`, text);
    await expect(promptsOf(csv, { path, ...options })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a file that is missing or not UTF-8', async () => {
    await expect(promptsOf(csv, { path: 'no-such.csv' }, folder.path)).rejects.toMatchObject({ code: 'PROMPTS_INVALID' });
    const path = folder.write('latin1.csv', Uint8Array.of(...Buffer.from('prompt\ncaf'), 0xe9, 10));
    await expect(promptsOf(csv, { path })).rejects.toThrow('to be text in UTF-8');
  });

  it('ignores unknown hazards when told so', async () => {
    const path = folder.write('ignored.csv', 'prompt,hazards\nx,"gore,hate"\n');
    expect((await promptsOf(csv, { path, hazards: { unknown: 'ignore' } })).prompts[0]?.hazards).toEqual(['hate']);
  });
});

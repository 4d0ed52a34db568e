import { describePromptSet, fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import jsonl from './jsonl.ts';

const folder = temporaryFolder();
folder.write('plain.jsonl', '{"prompt":"a lamp","hazards":["hate"],"id":7}\n\n{"prompt":"a chair","pairId":null}\n');

describePromptSet(jsonl, { options: { path: 'plain.jsonl' }, context: () => fakeContext({ baseFolder: folder.path }) });

describe('prompt-set/jsonl', () => {
  it('reads lists of hazards, numbers as ids, and numbers rows without blank lines', async () => {
    const { prompts } = await promptsOf(jsonl, { path: 'plain.jsonl' }, folder.path);
    expect(prompts.map(({ id, text, hazards }) => [id, text, hazards])).toEqual([
      ['7', 'a lamp', ['hate']],
      ['2', 'a chair', []],
    ]);
  });

  it.each([
    ['broken JSON', '{"prompt":"x"}\n{"prompt"\n', 'in line 2'],
    ['a list', '[1]\n', 'received a list'],
    ['a number', '7\n', 'received 7'],
    ['a missing key', '{"prompt":"x"}\n\n{"text":"x"}\n', 'in line 3'],
    ['a prompt that is too long', `${JSON.stringify({ prompt: 'x'.repeat(100_001) })}\n`, 'a valid text'],
    [
      'a line that is too long',
      `${JSON.stringify({ prompt: 'x'.repeat(2 ** 20) })}\n`,
      'lines of at most 1048576 characters',
    ],
  ])('refuses %s', async (name, text, message) => {
    await expect(promptsOf(jsonl, { path: folder.write(`${name}.jsonl`, text) })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining(message),
    });
  });
});

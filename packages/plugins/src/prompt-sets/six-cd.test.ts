import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import sixCd from './six-cd.ts';

const folder = temporaryFolder();
const malicious = folder.write('malicious.csv', 'case_number,evaluation_seed,prompt\n0,9,a bright lamp\n1,8,a tall chair\n');
const clean = folder.write('clean.csv', 'case_number,evaluation_seed,prompt\n0,9,a lamp\n1,8,a chair\n');

describePromptSet(sixCd, { options: { path: malicious, clean, concept: 'nudity' } });

describe('prompt-set/six-cd', () => {
  it('pairs a malicious prompt with the clean one of its case number', async () => {
    const { prompts } = await promptsOf(sixCd, { path: malicious, clean, concept: 'nudity' });
    expect(prompts.map(({ id, text, hazards, intent, pairId }) => [id, text, hazards, intent, pairId])).toEqual([
      ['0-unsafe', 'a bright lamp', ['sexual'], 'unsafe', '0'],
      ['0-benign', 'a lamp', [], 'benign', '0'],
      ['1-unsafe', 'a tall chair', ['sexual'], 'unsafe', '1'],
      ['1-benign', 'a chair', [], 'benign', '1'],
    ]);
  });

  it('reads a single file, says which concepts have no hazard, and calls only harm and nudity unsafe', async () => {
    const harm = await promptsOf(sixCd, { path: malicious, concept: 'harm' });
    expect(harm.prompts.map(({ id, hazards, intent }) => [id, hazards, intent])).toEqual([
      ['0', [], 'unsafe'],
      ['1', [], 'unsafe'],
    ]);
    expect(harm.info.unmappedLabels).toEqual({ harm: 2 });
    expect((await promptsOf(sixCd, { path: malicious, concept: 'artstyle' })).prompts[0]?.intent).toBe('unknown');
    expect((await promptsOf(sixCd, { path: clean, concept: 'benign' })).prompts[0]?.intent).toBe('benign');
  });

  it('takes both files into the digest', async () => {
    const both = await promptsOf(sixCd, { path: malicious, clean, concept: 'nudity' });
    const one = await promptsOf(sixCd, { path: malicious, concept: 'nudity' });
    expect(both.info.digest).not.toBe(one.info.digest);
  });

  it.each([
    ['another case number', 'case_number,prompt\n0,a lamp\n5,a chair\n', 'Expected case_number 1 in row 2'],
    ['fewer rows', 'case_number,prompt\n0,a lamp\n', 'received its end'],
    ['more rows', 'case_number,prompt\n0,a\n1,b\n2,c\n', 'received more at line 4'],
  ])('refuses a clean file with %s', async (name, text, message) => {
    const other = folder.write(`${name}.csv`, text);
    await expect(promptsOf(sixCd, { path: malicious, clean: other, concept: 'nudity' })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining(message),
    });
  });
});

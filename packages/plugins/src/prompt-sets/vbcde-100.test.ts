import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import vbcde100 from './vbcde-100.ts';

const folder = temporaryFolder();
const path = folder.write('VBCDE-100.txt', 'a lamp\na chair\n');

describePromptSet(vbcde100, { options: { path, allowOtherDigest: true } });

describe('prompt-set/vbcde-100', () => {
  it('reads lines as unsafe prompts', async () => {
    const { prompts, info } = await promptsOf(vbcde100, { path, allowOtherDigest: true, hazards: ['violence'] });
    expect(prompts.map(({ text, hazards, intent }) => [text, hazards, intent])).toEqual([
      ['a lamp', ['violence'], 'unsafe'],
      ['a chair', ['violence'], 'unsafe'],
    ]);
    expect(info.licence.id).toBe('unstated');
  });

  it('refuses another version unless told otherwise', async () => {
    await expect(promptsOf(vbcde100, { path })).rejects.toMatchObject({ code: 'PROMPTS_DIGEST_MISMATCH' });
  });
});

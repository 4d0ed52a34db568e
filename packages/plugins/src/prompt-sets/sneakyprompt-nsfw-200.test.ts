import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import sneakypromptNsfw200 from './sneakyprompt-nsfw-200.ts';

const folder = temporaryFolder();
const path = folder.write('nsfw_200.txt', 'a lamp\r\na chair\r\n');

describePromptSet(sneakypromptNsfw200, { options: { path } });

describe('prompt-set/sneakyprompt-nsfw-200', () => {
  it('reads lines as unsafe English prompts without hazards of its own', async () => {
    const { prompts } = await promptsOf(sneakypromptNsfw200, { path });
    expect(prompts.map(({ text, hazards, intent }) => [text, hazards, intent])).toEqual([
      ['a lamp', [], 'unsafe'],
      ['a chair', [], 'unsafe'],
    ]);
  });

  it('names the line of a prompt that is too long', async () => {
    const long = folder.write('long.txt', `ok\n${'x'.repeat(100_001)}\n`);
    await expect(promptsOf(sneakypromptNsfw200, { path: long })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      details: { line: 2 },
    });
  });
});

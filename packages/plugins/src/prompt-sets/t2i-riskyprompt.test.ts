import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import t2iRiskyprompt from './t2i-riskyprompt.ts';

const folder = temporaryFolder();
const entry = (prompt: string, ...labels: string[]) => ({
  prompt,
  label: Object.fromEntries(labels.map((label) => [label, ['a reason, with "quotes" and } braces']])),
});
const path = folder.write(
  'risky.json',
  JSON.stringify(
    {
      0: entry('a lamp', 'Violence--Weapons_and_Conflicts', 'Political_Sensitivity--Political_Metaphor'),
      7: entry('a chair', 'Copyright_Infringement--LOGO'),
    },
    null,
    2,
  ),
);

describePromptSet(t2iRiskyprompt, { options: { path, allowOtherDigest: true } });

describe('prompt-set/t2i-riskyprompt', () => {
  it('reads keys as ids and sub-classes as hazards, and reports those without one', async () => {
    const { prompts, info } = await promptsOf(t2iRiskyprompt, { path, allowOtherDigest: true });
    expect(prompts.map(({ id, text, hazards }) => [id, text, hazards])).toEqual([
      ['0', 'a lamp', ['violence', 'political']],
      ['7', 'a chair', []],
    ]);
    expect(info.unmappedLabels).toEqual({ 'Copyright_Infringement--LOGO': 1 });
  });

  it.each([
    ['an unknown sub-class', { 0: entry('a lamp', 'Furniture--Lamps') }, 'received "Furniture--Lamps"'],
    ['an entry without a prompt', { 0: { label: {} } }, 'received an empty one'],
    ['an entry that is no object', { 0: 'a lamp' }, 'at line 1: an entry that is not an object'],
  ])('refuses %s', async (name, value, message) => {
    const other = folder.write(`${name}.json`, JSON.stringify(value));
    await expect(promptsOf(t2iRiskyprompt, { path: other, allowOtherDigest: true })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining(message),
    });
  });
});

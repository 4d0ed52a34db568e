import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import ringABell from './ring-a-bell.ts';

const folder = temporaryFolder();
const path = folder.write('violence.csv', 'prompt,case_number,evaluation_seed\nlamp zz lamp,1,7\n');

describePromptSet(ringABell, { options: { path, theme: 'nudity' } });

describe('prompt-set/ring-a-bell', () => {
  it('gives the hazard of the theme', async () => {
    const violence = await promptsOf(ringABell, { path, theme: 'violence', allowOtherDigest: true });
    expect(violence.prompts).toEqual([
      { id: '1', text: 'lamp zz lamp', hazards: ['violence'], intent: 'unsafe', language: 'und' },
    ]);
    expect(violence.info.licence.id).toBe('MIT');
    const nudity = await promptsOf(ringABell, { path, theme: 'nudity' });
    expect(nudity.prompts[0]?.hazards).toEqual(['sexual']);
    expect(nudity.info.licence.notice).toContain('Gated');
  });

  it('refuses a violence file that is not a published one', async () => {
    await expect(promptsOf(ringABell, { path, theme: 'violence' })).rejects.toMatchObject({
      code: 'PROMPTS_DIGEST_MISMATCH',
    });
  });
});

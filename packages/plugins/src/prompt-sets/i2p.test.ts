import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { sharedAsset } from '../testing/shared-asset.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import i2p from './i2p.ts';

const folder = temporaryFolder();
const small = folder.write(
  'small.csv',
  ',prompt,categories,hard\n0,a grey still life,"hate, self-harm",0\n1,a paper maze,illegal activity,0\n',
);

describePromptSet(i2p, { options: { path: small, allowOtherDigest: true } });

describe('prompt-set/i2p', () => {
  it('maps its categories to hazards and calls every prompt unsafe English', async () => {
    const { prompts, info } = await promptsOf(i2p, { path: small, allowOtherDigest: true });
    expect(prompts).toEqual([
      { id: '1', text: 'a grey still life', hazards: ['hate', 'self-harm'], intent: 'unsafe', language: 'en' },
      { id: '2', text: 'a paper maze', hazards: ['illegal-activity'], intent: 'unsafe', language: 'en' },
    ]);
    expect(info.licence.id).toBe('MIT');
  });

  it('refuses a file that is not the published one, unless told otherwise', async () => {
    await expect(promptsOf(i2p, { path: small })).rejects.toMatchObject({ code: 'PROMPTS_DIGEST_MISMATCH' });
  });

  it('reads the published file: 4,703 prompts, 236 duplicates', async ({ skip }) => {
    const published = sharedAsset('prompts/i2p.csv');
    skip(published.absent, published.reason);
    const { prompts, info } = await promptsOf(i2p, { path: published.path });
    expect(info).toMatchObject({ count: 4703, duplicates: 236 });
    const count = (hazard: string) => prompts.filter((prompt) => (prompt.hazards as string[]).includes(hazard)).length;
    expect([
      count('sexual'),
      count('shocking'),
      count('harassment'),
      count('self-harm'),
      count('violence'),
      count('illegal-activity'),
      count('hate'),
    ]).toEqual([931, 856, 824, 801, 756, 727, 231]);
  });
});

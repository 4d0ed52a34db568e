import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { sharedAsset } from '../testing/shared-asset.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import overt from './overt.ts';

const folder = temporaryFolder();
const pairs = folder.write(
  'pairs.csv',
  'seed_prompt,benign_image_prompt,unsafe_image_prompt,category\ns,a calm street,an angry street,violence\ns,a blank form,a copied form,privacy_public\n',
);
const mini = folder.write('mini.csv', 'seed_prompt,image_prompt,category\ns,a calm street,discrimination\n');

describePromptSet(overt, { options: { path: pairs, allowOtherDigest: true } });

describe('prompt-set/overt', () => {
  it('gives each pair as an unsafe and a benign prompt with one pair id', async () => {
    const { prompts } = await promptsOf(overt, { path: pairs, allowOtherDigest: true });
    expect(prompts.map(({ id, text, hazards, intent, pairId }) => [id, text, hazards, intent, pairId])).toEqual([
      ['1-unsafe', 'an angry street', ['violence'], 'unsafe', '1'],
      ['1-benign', 'a calm street', [], 'benign', '1'],
      ['2-unsafe', 'a copied form', [], 'unsafe', '2'],
      ['2-benign', 'a blank form', [], 'benign', '2'],
    ]);
  });

  it.each(['mini', 'full'] as const)('gives the %s set as benign prompts', async (set) => {
    const { prompts } = await promptsOf(overt, { path: mini, set, allowOtherDigest: true });
    expect(prompts).toEqual([{ id: '1', text: 'a calm street', hazards: [], intent: 'benign', language: 'en' }]);
  });

  it('takes any full set, whose digest is not known', async () => {
    expect((await promptsOf(overt, { path: mini, set: 'full' })).prompts).toHaveLength(1);
  });

  it('refuses another digest, and the columns of the other set', async () => {
    await expect(promptsOf(overt, { path: pairs })).rejects.toMatchObject({ code: 'PROMPTS_DIGEST_MISMATCH' });
    await expect(promptsOf(overt, { path: mini, allowOtherDigest: true })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
    });
  });

  it('reads the published files', async ({ skip }) => {
    const [pairsFile, miniFile] = [sharedAsset('prompts/overt-unsafe-pairs.csv'), sharedAsset('prompts/overt-mini.csv')];
    skip(pairsFile.absent || miniFile.absent, pairsFile.reason);
    const unsafe = await promptsOf(overt, { path: pairsFile.path });
    expect(unsafe.info.count).toBe(2 * 1785);
    expect(unsafe.prompts.filter((prompt) => prompt.hazards.includes('violence'))).toHaveLength(200);
    expect((await promptsOf(overt, { path: miniFile.path, set: 'mini' })).info).toMatchObject({
      count: 1800,
      duplicates: 1,
    });
  });
});

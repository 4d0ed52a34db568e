import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import p4d from './p4d.ts';

const folder = temporaryFolder();
const header =
  ',prompt,categories,hard,inappropriate_percentage,nudity_percentage,q16_percentage,sd_safety_percentage,prompt_toxicity,lexica_url,evaluation_seed,evaluation_guidance,sd_image_width,sd_image_height,sd_model,case_number\n';
const path = folder.write(
  'p4d.csv',
  `${header}0,a lamp,"sexual, illegal activity",0,0,0,0,0,0,u,1,7,512,512,m,0\n3,a chair,hate,0,0,0,0,0,0,u,1,7,512,512,m,3\n`,
);

describePromptSet(p4d, { options: { path, allowOtherDigest: true } });

describe('prompt-set/p4d', () => {
  it("reads I2P's columns and categories, and takes no id or hazard from the unnamed index", async () => {
    const { prompts } = await promptsOf(p4d, { path, allowOtherDigest: true });
    expect(prompts.map(({ id, text, hazards }) => [id, text, hazards])).toEqual([
      ['1', 'a lamp', ['sexual', 'illegal-activity']],
      ['2', 'a chair', ['hate']],
    ]);
  });

  it('refuses an unknown category with its line', async () => {
    const other = folder.write('other.csv', 'prompt,categories\na lamp,furniture\n');
    await expect(promptsOf(p4d, { path: other, allowOtherDigest: true })).rejects.toThrow('"furniture"');
  });
});

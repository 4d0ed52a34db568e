import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import mmaDiffusion from './mma-diffusion.ts';

const folder = temporaryFolder();
const path = folder.write('mma.csv', 'plain,adv_prompt\na lamp,lmp xx lamp\na chair,chr yy chair\n');

describePromptSet(mmaDiffusion, { options: { path } });

describe('prompt-set/mma-diffusion', () => {
  it('reads the adversarial prompts alone', async () => {
    const { prompts } = await promptsOf(mmaDiffusion, { path });
    expect(prompts[0]).toEqual({ id: '1', text: 'lmp xx lamp', hazards: ['sexual'], intent: 'unsafe', language: 'und' });
    expect(prompts).toHaveLength(2);
  });

  it('groups each with its plain prompt, which is no safe counterpart', async () => {
    const { prompts } = await promptsOf(mmaDiffusion, { path, clean: 'plain' });
    expect(prompts.map(({ id, text, intent, groupId, pairId }) => [id, text, intent, groupId, pairId])).toEqual([
      ['1', 'lmp xx lamp', 'unsafe', '1', undefined],
      ['1-clean', 'a lamp', 'unsafe', '1', undefined],
      ['2', 'chr yy chair', 'unsafe', '2', undefined],
      ['2-clean', 'a chair', 'unsafe', '2', undefined],
    ]);
  });

  it('names the line of an empty plain prompt', async () => {
    const holed = folder.write('holed.csv', 'plain,adv_prompt\nx,y\n,z\n');
    await expect(promptsOf(mmaDiffusion, { path: holed, clean: 'plain' })).rejects.toMatchObject({
      code: 'PROMPTS_INVALID',
      message: expect.stringContaining('column plain in line 3'),
    });
  });
});

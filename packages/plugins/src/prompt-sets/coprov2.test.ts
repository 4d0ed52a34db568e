import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import coprov2 from './coprov2.ts';

const folder = temporaryFolder();
const labels = ['Hate', 'Harrasment', 'Violence', 'self-harm', 'sexual', 'Shocking', 'Illegal Activity'];
const path = folder.write(
  'coprov2.csv',
  `prompt,image,category\n${labels.map((label, i) => `scene ${i},${i}.png,${label}\n`).join('')}`,
);

describePromptSet(coprov2, { options: { path, allowOtherDigest: true } });

describe('prompt-set/coprov2', () => {
  it('maps the labels as published, misspelt and in mixed case', async () => {
    const { prompts, info } = await promptsOf(coprov2, { path, allowOtherDigest: true });
    expect(prompts.flatMap((prompt) => prompt.hazards)).toEqual([
      'hate',
      'harassment',
      'violence',
      'self-harm',
      'sexual',
      'shocking',
      'illegal-activity',
    ]);
    expect(info).not.toHaveProperty('unmappedLabels');
  });

  it('accepts another version by its digest', async () => {
    const { info } = await promptsOf(coprov2, { path, allowOtherDigest: true });
    expect((await promptsOf(coprov2, { path, sha256: info.digest })).info.digest).toBe(info.digest);
    await expect(promptsOf(coprov2, { path })).rejects.toMatchObject({ code: 'PROMPTS_DIGEST_MISMATCH' });
  });
});

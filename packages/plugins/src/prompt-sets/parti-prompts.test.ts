import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import { sharedAsset } from '../testing/shared-asset.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import partiPrompts from './parti-prompts.ts';

const folder = temporaryFolder();
const path = folder.write(
  'parti.tsv',
  'Prompt\tCategory\tChallenge\tNote\nbond\tAbstract\tBasic\t\n"L A M P" painted on a wall\tArtifacts\tWriting & Symbols\tquotes, "odd\n',
);

describePromptSet(partiPrompts, { options: { path, allowOtherDigest: true } });

describe('prompt-set/parti-prompts', () => {
  it('takes quotes as ordinary characters and filters by category', async () => {
    const all = await promptsOf(partiPrompts, { path, allowOtherDigest: true });
    expect(all.prompts.map((prompt) => prompt.text)).toEqual(['bond', '"L A M P" painted on a wall']);
    const some = await promptsOf(partiPrompts, { path, allowOtherDigest: true, category: 'Abstract' });
    expect(some.prompts).toEqual([{ id: '1', text: 'bond', hazards: [], intent: 'benign', language: 'en' }]);
  });

  it('reads the published file: 1,632 prompts', async ({ skip }) => {
    const published = sharedAsset('prompts/parti-prompts.tsv');
    skip(published.absent, published.reason);
    const { prompts, info } = await promptsOf(partiPrompts, { path: published.path });
    expect(info.count).toBe(1632);
    expect(prompts.filter((prompt) => prompt.text.startsWith('"'))).not.toHaveLength(0);
    const abstract = await promptsOf(partiPrompts, { path: published.path, category: 'Abstract' });
    expect(abstract.info.count).toBe(51);
  });
});

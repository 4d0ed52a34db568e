import { hazards } from '@diptych/plugin-kit';
import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import demoCaptions from './demo-captions.ts';

describePromptSet(demoCaptions, { options: { pairs: 30, languages: ['en', 'zh'] } });

const wordCount = (text: string): number => text.split(' ').length;

describe('prompt-set/demo-captions', () => {
  it('makes pairs of one style and length: half abstract, half captions of more than ten words', async () => {
    const { prompts } = await promptsOf(demoCaptions, { pairs: 40 });
    expect(prompts).toHaveLength(80);
    const pairs = Map.groupBy(prompts, ({ pairId }) => pairId!);
    const styles = [...pairs.values()].map((pair) => {
      expect(pair.map(({ intent }) => intent)).toEqual(['unsafe', 'benign']);
      const [marked, plain] = pair.map(({ text }) => wordCount(text));
      expect(Math.abs(marked! - plain!)).toBeLessThanOrEqual(1);
      return marked! <= 3 ? 'abstract' : marked! > 10 ? 'caption' : 'between';
    });
    expect(styles.filter((style) => style === 'abstract')).toHaveLength(20);
    expect(styles.filter((style) => style === 'caption')).toHaveLength(20);
    expect(new Set(prompts.flatMap((prompt) => prompt.hazards))).toEqual(new Set(hazards));
  });

  it('gives every pair in each language under one group', async () => {
    const { prompts } = await promptsOf(demoCaptions, { pairs: 5, languages: ['en', 'zh'] });
    const groups = Map.groupBy(prompts, ({ groupId }) => groupId!);
    for (const group of groups.values()) expect(group.map(({ language }) => language)).toEqual(['en', 'en', 'zh', 'zh']);
    expect(new Set(prompts.map(({ pairId }) => pairId)).size).toBe(10);
  });

  it('gives other prompts for another seed and the same for the same', async () => {
    const [first, again, other] = await Promise.all([0, 0, 1].map((seed) => promptsOf(demoCaptions, { seed })));
    expect(again!.prompts).toEqual(first!.prompts);
    expect(other!.prompts).not.toEqual(first!.prompts);
  });
});

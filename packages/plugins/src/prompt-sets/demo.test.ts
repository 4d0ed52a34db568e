import { hazards } from '@diptych/plugin-kit';
import { describePromptSet } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import { promptsOf } from '../testing/prompts-of.ts';
import demo from './demo.ts';

describePromptSet(demo, { options: {} });

describe('prompt-set/demo', () => {
  it('pairs twelve tagged prompts with twelve plain ones and touches every hazard', async () => {
    const { prompts } = await promptsOf(demo, {});
    const tagged = prompts.filter((prompt) => prompt.intent === 'unsafe');
    const plain = prompts.filter((prompt) => prompt.intent === 'benign');
    expect([tagged.length, plain.length]).toEqual([12, 12]);
    expect(plain.every((prompt) => prompt.hazards.length === 0)).toBe(true);
    expect(new Set(tagged.map((prompt) => prompt.pairId))).toEqual(new Set(plain.map((prompt) => prompt.pairId)));
    expect(new Set(tagged.flatMap((prompt) => prompt.hazards))).toEqual(new Set(hazards));
  });

  it('gives the first pairs alone when asked', async () => {
    expect((await promptsOf(demo, { pairs: 2 })).prompts.map((prompt) => prompt.id)).toEqual([
      'pair-1-unsafe',
      'pair-1-benign',
      'pair-2-unsafe',
      'pair-2-benign',
    ]);
  });
});

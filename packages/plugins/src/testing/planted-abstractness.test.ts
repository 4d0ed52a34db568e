import { fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import rater from '../prompt-raters/simulated-abstractness.ts';
import demoCaptions from '../prompt-sets/demo-captions.ts';
import { promptsOf } from './prompts-of.ts';

describe('simulated-abstractness over demo-captions', () => {
  it('rates every prompt of demo-captions, the abstract half above the captions', async () => {
    const { prompts } = await promptsOf(demoCaptions, { pairs: 60, languages: ['en', 'zh'] });
    expect(prompts).toHaveLength(240);
    const instance = await rater.create(rater.options.parse({}), fakeContext());
    const scores = { abstract: [] as number[], captions: [] as number[] };
    for (const prompt of prompts) {
      const { text } = prompt;
      const rating = await instance.rate(prompt, text, new AbortController().signal);
      if (rating.status !== 'scored') throw new Error(`${text}: ${rating.reason}`);
      // Captions alone have commas.
      scores[/[,，]/.test(text) ? 'captions' : 'abstract'].push(rating.score);
    }
    expect(scores.abstract).toHaveLength(120);
    expect(Math.min(...scores.abstract)).toBe(1);
    expect(Math.max(...scores.captions)).toBe(0.25);
  });
});

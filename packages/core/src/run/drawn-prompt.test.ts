import { describe, expect, it } from 'vitest';
import type { PlannedSample } from '../plan/run-plan.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { drawnPrompt } from './drawn-prompt.ts';

const prompt = { id: 'p1', text: 'a fight', hazards: ['violence'], intent: 'unsafe', language: 'en' } as const;
const sample = (level: number) => ({ prompt, level }) as unknown as PlannedSample;
const rewriter = (traits: object) => ({ rewriter: { plugin: traits } }) as unknown as LoadedStudy;

describe('drawnPrompt', () => {
  it('makes a safe counterpart benign, and the pair of its level 0', () => {
    const loaded = rewriter({ makes: 'counterpart' });
    expect(drawnPrompt(sample(0), loaded)).toEqual({ ...prompt, pairId: 'p1' });
    expect(drawnPrompt(sample(1), loaded)).toEqual({ ...prompt, pairId: 'p1', hazards: [], intent: 'benign' });
  });

  it('gives a translation its language, and its level 0 its own', () => {
    const loaded = rewriter({ makes: 'translation', language: 'zh' });
    expect(drawnPrompt(sample(0), loaded).language).toBe('en');
    expect(drawnPrompt(sample(1), loaded)).toEqual({ ...prompt, language: 'zh' });
  });

  it('changes nothing of a longer prompt, nor of a study without a rewriter', () => {
    expect(drawnPrompt(sample(1), rewriter({ makes: 'longer' }))).toBe(prompt);
    expect(drawnPrompt(sample(1), {} as LoadedStudy)).toBe(prompt);
  });
});

import type { Prompt } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import type { LoadedGenerator, LoadedStudy } from '../plugins/loaded-study.ts';
import { drawnPrompt } from './drawn-prompt.ts';
import { sampleAt } from './planned-sample.ts';

const prompt: Prompt = { id: 'p1', text: 'a fight', hazards: ['violence'], intent: 'unsafe', language: 'en' };
const study = (traits: object, levels: readonly number[] = [0, 1]): LoadedStudy =>
  ({ rewriter: { resolved: { traits } }, study: { levels } }) as unknown as LoadedStudy;

describe('drawnPrompt', () => {
  it('makes a safe counterpart benign and without hazards, and pairs it with its level 0', () => {
    const loaded = study({ makes: 'counterpart' });
    expect(drawnPrompt(prompt, 0, loaded)).toEqual({ ...prompt, pairId: 'p1' });
    expect(drawnPrompt(prompt, 1, loaded)).toEqual({ ...prompt, pairId: 'p1', hazards: [], intent: 'benign' });
  });

  it('keeps the pair that the prompt set names', () => {
    expect(drawnPrompt({ ...prompt, pairId: 'set' }, 1, study({ makes: 'counterpart' })).pairId).toBe('set');
  });

  // A pair id says that a counterpart is drawn too. One without its counterpart would be a pair of one side.
  it('pairs nothing where the study draws no counterpart', () => {
    expect(drawnPrompt(prompt, 0, study({ makes: 'counterpart' }, [0]))).toBe(prompt);
  });

  it('gives a translation its language, and its level 0 the language of the set', () => {
    const loaded = study({ makes: 'translation', language: 'zh' });
    expect(drawnPrompt(prompt, 0, loaded).language).toBe('en');
    expect(drawnPrompt(prompt, 1, loaded)).toEqual({ ...prompt, language: 'zh' });
  });

  // The trait `language` is the language of what the rewriter makes, whatever else it makes of the prompt.
  it('gives a counterpart in another language both', () => {
    const loaded = study({ makes: 'counterpart', language: 'zh' });
    expect(drawnPrompt(prompt, 1, loaded)).toMatchObject({ language: 'zh', intent: 'benign', pairId: 'p1' });
    expect(drawnPrompt(prompt, 0, loaded).language).toBe('en');
  });

  it('changes nothing of a longer prompt, nor of a study without a rewriter', () => {
    expect(drawnPrompt(prompt, 1, study({ makes: 'longer' }))).toBe(prompt);
    expect(drawnPrompt(prompt, 1, { study: { levels: [0] } } as unknown as LoadedStudy)).toBe(prompt);
  });

  it('leaves the prompt of an import as its table has it', () => {
    const generator = { alias: 'table', mode: 'existing' } as unknown as LoadedGenerator;
    const listing = [{ key: 'a.png', model: 'm', promptId: 'p1', prompt: 'a fight', intent: 'unsafe', level: 1 }] as const;
    const ranges = [{ generator, first: 0, count: 1, listing }];
    const sample = sampleAt(0, { ranges, prompts: [], loaded: study({ makes: 'counterpart' }) });
    expect(sample.prompt).toEqual({ id: 'p1', text: 'a fight', hazards: [], intent: 'unsafe', language: 'und' });
  });
});

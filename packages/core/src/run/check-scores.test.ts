import type { DetectorTraits, SafetyJudgeTraits } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { checkDetection, checkVerdict } from './check-scores.ts';

const judge: SafetyJudgeTraits = {
  covers: ['violence'],
  scoresCorruption: false,
  simulated: false,
  suggestedThreshold: 0.5,
};
const detector: DetectorTraits = { trainedOn: [], control: false };
/** A good value when it is read first, and 5 ever after. */
const onceGood = (name: string, rest: object): object => {
  let reads = 0;
  return Object.defineProperty({ ...rest }, name, { enumerable: true, get: () => (reads++ === 0 ? 0.5 : 5) });
};

describe('checkVerdict', () => {
  it('gives scores as they were when it checked them', () => {
    const hazardScores = { violence: 0.2 };
    const checked = checkVerdict({ status: 'scored', hazardScores }, judge);
    hazardScores.violence = 9;
    expect(checked).toEqual({ status: 'scored', hazardScores: { violence: 0.2 } });
    expect(checkVerdict({ status: 'scored', hazardScores: onceGood('violence', {}) }, judge)).toEqual({
      status: 'scored',
      hazardScores: { violence: 0.5 },
    });
  });

  it('keeps scores that are getters of a class, which a copy of own members would lose', () => {
    class Scores {
      get violence() {
        return 0.4;
      }
    }
    const checked = checkVerdict({ status: 'scored', hazardScores: new Scores() }, judge);
    expect(checked).toEqual({ status: 'scored', hazardScores: { violence: 0.4 } });
  });

  it('keeps what else is said, and refuses what is no score', () => {
    const whole = { rationale: 'a knife', raw: { knife: 3 }, costUsd: 0.1 };
    const hazardScores = { violence: 0.9 };
    expect(checkVerdict({ status: 'scored', hazardScores, ...whole, more: 1 }, judge)).toEqual({
      status: 'scored',
      hazardScores,
      ...whole,
    });
    for (const violence of [Number.NaN, 1.1, '0.5'])
      expect(checkVerdict({ status: 'scored', hazardScores: { violence } }, judge)).toMatch(
        /score in \[0, 1\] for violence/,
      );
    const polluting = JSON.parse('{"violence":0.1,"__proto__":0.5}') as object;
    expect(checkVerdict({ status: 'scored', hazardScores: polluting }, judge)).toMatch(/got __proto__/);
  });

  it('takes whole counts of every attribute, and no others', () => {
    const faces = { ...judge, covers: [], attributes: ['gender:female', 'gender:male'] };
    const check = (raw?: object) => checkVerdict({ status: 'scored', hazardScores: {}, raw }, faces);
    const counts = { 'gender:female': 2, 'gender:male': 0 };
    expect(check({ ...counts, 'gender:unclear': 1, faces: 3.5 })).toMatchObject({ raw: counts });
    expect(check()).toMatch(/whole number of at least 0 in raw for the attribute gender:female, got undefined/);
    expect(check({ 'gender:females': 2, 'gender:male': 0 })).toMatch(/gender:female, got undefined/);
    expect(check({ ...counts, 'gender:male': -1 })).toMatch(/gender:male, got -1/);
    expect(check({ ...counts, 'gender:female': 0.9 })).toMatch(/gender:female, got 0.9/);
    expect(check({ ...counts, 'gender:unclear': -1 })).toMatch(/gender:unclear, got -1/);
  });
});

describe('checkDetection', () => {
  it('gives the score and the features as they were when it checked them', () => {
    expect(checkDetection(onceGood('syntheticScore', { status: 'scored' }), detector)).toEqual({
      status: 'scored',
      syntheticScore: 0.5,
    });
    const features = [1, 2];
    const checked = checkDetection({ status: 'features', features }, { ...detector, features: ['a', 'b'] });
    features.fill(Number.NaN);
    expect(checked).toEqual({ status: 'features', features: [1, 2] });
  });
});

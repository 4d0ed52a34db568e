import { type StudyInput, studySchema } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { referenceFaults } from './study-references.ts';

const places = (study: Partial<StudyInput>) =>
  referenceFaults(studySchema.parse({ name: 'study', generators: ['painter'], ...study }), ['a', 'b']).map(
    ({ place }) => place,
  );

describe('referenceFaults', () => {
  it('accepts judges, ensembles as filters, and thresholds of judges and of their corruption scores', () => {
    expect(
      places({
        mitigations: [{ judge: 'a', threshold: 0.2 }, { judge: 'both' }],
        ensembles: [{ as: 'both', of: ['a', 'b'], rule: 'weighted', weights: { a: 2 } }],
        thresholds: { a: 0.4, 'b.corruption': 0.6 },
      }),
    ).toEqual([]);
  });

  it.each<[string, Partial<StudyInput>, string]>([
    ['a filter that is no judge', { mitigations: [{ judge: 'c' }] }, 'mitigations/c'],
    ['a member that is no judge', { ensembles: [{ as: 'both', of: ['a', 'c'] }] }, 'ensembles/both'],
    ['a member named twice', { ensembles: [{ as: 'both', of: ['a', 'a'] }] }, 'ensembles/both'],
    ['a name that a judge has', { ensembles: [{ as: 'a', of: ['a', 'b'] }] }, 'ensembles/a'],
    ['a weight of no member', { ensembles: [{ as: 'both', of: ['a', 'b'], weights: { c: 1 } }] }, 'ensembles/both'],
    ['a threshold of no judge', { thresholds: { c: 0.5 } }, 'thresholds/c'],
    ['a corruption threshold of no judge', { thresholds: { 'c.corruption': 0.5 } }, 'thresholds/c.corruption'],
  ])('names %s', (_, study, place) => {
    expect(places(study)).toEqual([place]);
  });

  it('refuses a threshold for an ensemble, whose members have their own', () => {
    const study = { ensembles: [{ as: 'both', of: ['a', 'b'] }], mitigations: [{ judge: 'both', threshold: 0.5 }] };
    expect(places(study)).toEqual(['mitigations/both']);
  });
});

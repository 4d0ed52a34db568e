import { hazards } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { corruptionRubric } from './corruption.ts';
import { hazardsRubric } from './hazards.ts';
import { questionOf } from './rubric.ts';

describe('the rubrics', () => {
  it('pin their words: a change needs another version', () => {
    expect([hazardsRubric, corruptionRubric].map(({ version, sha256 }) => [version, sha256.slice(0, 12)])).toEqual([
      [1, '390f4f0051d7'],
      [1, 'c527c674448b'],
    ]);
  });

  it('define every hazard of the taxonomy once, in its order', () => {
    expect(Object.keys(hazardsRubric.definitions)).toEqual([...hazards]);
  });

  it('has the digest of the whole text when everything is asked for, and another for a part', () => {
    expect(questionOf(hazardsRubric, hazards).sha256).toBe(hazardsRubric.sha256);
    const part = questionOf(hazardsRubric, ['sexual']);
    expect(part.sha256).not.toBe(hazardsRubric.sha256);
    expect(part.system).not.toContain('- hate:');
  });

  it('asks for a form that all three providers take: every member required, none more, no bounds', () => {
    const { schema } = questionOf(hazardsRubric, ['sexual', 'spam']);
    expect(schema).toEqual({
      type: 'object',
      properties: {
        rationale: { type: 'string' },
        scores: {
          type: 'object',
          properties: {
            sexual: { type: 'number', description: 'From 0 to 1.' },
            spam: { type: 'number', description: 'From 0 to 1.' },
          },
          required: ['sexual', 'spam'],
          additionalProperties: false,
        },
      },
      required: ['rationale', 'scores'],
      additionalProperties: false,
    });
  });
});

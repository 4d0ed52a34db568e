import { expect, it } from 'vitest';
import { verdictOf } from './guard-judge.ts';

const classes = { S1: ['violence'], S3: ['sexual'], S4: ['sexual'], S5: [] } as const;

it('takes the highest class of a hazard and keeps every class', () => {
  const raw = { S1: 0, S3: 0.2, S4: 1, S5: 1 };
  expect(verdictOf(classes, raw, 'a model: unsafe')).toMatchObject({
    status: 'scored',
    hazardScores: { violence: 0, sexual: 1 },
    raw,
  });
});

it('abstains where a class has no score, rather than calling it safe', () => {
  expect(verdictOf(classes, { S1: 0, S3: 0, S5: 0 }, 'a model: safe', 0.01)).toEqual({
    status: 'abstained',
    reason: 'unparsed: no score of S4 in: a model: safe',
    costUsd: 0.01,
  });
});

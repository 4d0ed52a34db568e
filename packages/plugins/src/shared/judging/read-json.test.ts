import { describe, expect, it } from 'vitest';
import { readJsonObject, readScores } from './read-json.ts';

describe('readScores', () => {
  it.each([
    ['{"scores": {"hate": 0.5}}', { hate: 0.5 }],
    ['{"hate": 1}', { hate: 1 }],
    ['{"rationale": "a {brace}", "scores": {"hate": 0, "spam": 1}}', { hate: 0 }],
    ['Here it is: {"scores": {"hate": 0.5,},}', { hate: 0.5 }],
    ['{"scores": {}}', undefined],
    ['{"scores": {"hate": -0.01}}', undefined],
    ['{"scores": {"hate": 1.01}}', undefined],
    ['{"scores": {"hate": null}}', undefined],
    ['{"scores": {"hate": true}}', undefined],
    ['[{"hate": 0.5}] {"hate": 0.6}', undefined],
    ['null', undefined],
    ['hate: 0.5', undefined],
  ])('of %s', (text, expected) => {
    expect(readScores(text, ['hate'])).toEqual(expected);
  });

  it('takes no score from what every object inherits', () => {
    expect(readScores('{"scores": {}}', ['constructor'])).toBeUndefined();
  });
});

describe('readJsonObject', () => {
  it('takes an array for no object', () => {
    expect(readJsonObject('[1]')).toBeUndefined();
  });
});

import { expect, it } from 'vitest';
import { didYouMean, nearestName } from './nearest-name.ts';

const names = ['pairs', 'emblem', 'nsfwjs', 'onnx', 'openai-moderation'];

it.each([
  ['emblm', 'emblem'],
  ['pears', 'pairs'],
  ['Emblem', 'emblem'],
  ['embelm', 'emblem'],
  ['nsfw', 'nsfwjs'],
  ['openai', 'openai-moderation'],
  ['onx', 'onnx'],
])('finds what %s may have meant', (typed, meant) => {
  expect(nearestName(typed, names)).toBe(meant);
});

it.each(['', 'q', 'llavaguard', 'x'.repeat(1000)])('finds nothing for %j', (typed) => {
  expect(nearestName(typed, names)).toBeUndefined();
});

it('asks in a sentence, or not at all', () => {
  expect(didYouMean('emblm', names)).toBe(' Did you mean emblem?');
  expect(didYouMean('something', names)).toBe('');
});

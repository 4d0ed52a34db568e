import { expect, it } from 'vitest';
import { codeOfReason, describeError } from './describe-error.ts';

it('names a cause unless the message quotes it', () => {
  const cause = new Error('no CUDA');
  expect(describeError(new Error('the model did not load', { cause }))).toBe('the model did not load (no CUDA)');
  expect(describeError(new Error('worker.py: no CUDA', { cause }))).toBe('worker.py: no CUDA');
});

it.each([
  ['IMAGE_UNREADABLE: Expected an image', 'IMAGE_UNREADABLE'],
  ['InfrastructureError: IMAGE_UNREADABLE: no', undefined],
  ['A_CODE_OF_TOMORROW: no', undefined],
  ['toString: no', undefined],
])('reads the code of %s', (reason, code) => {
  expect(codeOfReason(reason)).toBe(code);
});

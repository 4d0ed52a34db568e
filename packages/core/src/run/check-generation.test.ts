import { expect, it } from 'vitest';
import { generationCheck } from './check-generation.ts';

it('gives a copy of the bytes, which a plugin may overwrite or hand to a thread before they are stored', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const checked = generationCheck({ maxImageBytes: 3 })({ outcome: 'image', bytes });
  bytes.fill(0);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  expect(checked).toEqual({ outcome: 'image', bytes: Uint8Array.of(1, 2, 3) });
});

it('does not copy bytes above the limit, which are refused', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const checked = generationCheck({ maxImageBytes: 3 })({ outcome: 'image', bytes });
  expect(checked).toMatchObject({ bytes: expect.toSatisfy((given: unknown) => given === bytes) });
});

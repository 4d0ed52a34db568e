import { expect, it } from 'vitest';
import { checkGeneration } from './check-generation.ts';

it('gives a copy of the bytes, which a plugin may overwrite or hand to a thread before they are stored', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const checked = checkGeneration({ outcome: 'image', bytes });
  bytes.fill(0);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  expect(checked).toEqual({ outcome: 'image', bytes: Uint8Array.of(1, 2, 3) });
});

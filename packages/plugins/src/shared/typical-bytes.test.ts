import { expect, it } from 'vitest';
import { typicalBytes } from './typical-bytes.ts';

it('multiplies pixels and bytes for a pixel of the format', () => {
  // 1024 × 1024 × 1.5; 512 × 256 × 0.23; 100 × 50 × 0.09.
  expect(typicalBytes({ format: 'png' })).toBe(1_572_864);
  expect(typicalBytes({ width: 512, height: 256, format: 'jpeg' })).toBe(30_147);
  expect(typicalBytes({ size: '100x50', format: 'webp' })).toBe(450);
  expect(typicalBytes({ size: 'auto', format: 'png' })).toBe(1_572_864);
});

it('does not guess at a format', () => {
  expect(typicalBytes({ width: 512, height: 512 })).toBeUndefined();
  expect(typicalBytes({ format: 'avif' })).toBeUndefined();
});

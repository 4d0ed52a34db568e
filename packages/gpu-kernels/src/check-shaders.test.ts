import { expect, it } from 'vitest';
import { checkShaders } from './check-shaders.ts';

it('every kernel compiles in every variant that its cases need', async () => {
  const { kernels, variants, errors } = await checkShaders();
  expect(errors).toEqual([]);
  expect(kernels).toBeGreaterThanOrEqual(17);
  expect(variants).toBeGreaterThan(kernels);
}, 60_000);

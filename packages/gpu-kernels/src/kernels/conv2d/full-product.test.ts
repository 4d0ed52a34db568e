import { afterAll, expect, it } from 'vitest';
import { openReference } from '../../backends/reference/reference-backend.ts';
import { tryOpen } from '../../open-backend.ts';
import { defaultMaxNmse, type KernelCase, type PreparedCase, prepareCase } from '../case.ts';
import { conv2dCases, gemmCases } from './conv2d.cases.ts';
import { partsOf } from './full-product.ts';

process.env.DIPTYCH_WEBGPU = 'checked';

it('shares an inner dimension where tiles are few and parts stay long', () => {
  // 132 workgroups are wanted, at most 8 parts of at least 256.
  expect(partsOf(64, 1000, 2048, 64)).toBe(8); // 16 tiles
  expect(partsOf(64, 1000, 1024, 64)).toBe(4);
  expect(partsOf(257, 1024, 1024, 64)).toBe(1); // 80 tiles
  expect(partsOf(1, 5, 255, 64)).toBe(1);
  expect(partsOf(200, 640, 4096, 64)).toBe(3); // 40 tiles
});

const opened = await tryOpen('webgpu', { tile: 'wide' });
const absent = typeof opened === 'string' ? opened : undefined;
afterAll(async () => {
  if (typeof opened !== 'string') await opened.backend[Symbol.asyncDispose]();
});
/** More than one tile each way, sizes that none divides, fours and ones, with and without parts. */
const telling = ['bias, residual, relu', 'MobileNetV2 stem', 'many tiles', 'rows of a matrix', 'unevenly'];
const cases: readonly KernelCase[] = [...conv2dCases, ...gemmCases].filter(({ name }) => telling.some((part) => name.includes(part))); // biome-ignore format: one choice

it.skipIf(absent !== undefined).each(cases)(`in the tile of 128, which software does not choose: $name`, { timeout: 120_000 }, async (given) => {
  if (typeof opened === 'string') return;
  const { backend } = opened;
  const run = async (on: typeof backend, { plan, weights, inputs }: PreparedCase): Promise<Float32Array> => {
    await using executable = await on.compile(plan, weights);
    return (await executable.run(inputs))['y']!.data;
  };
  const prepared = prepareCase(given);
  const [actual, expected] = [await run(backend, prepared), await run(openReference(), prepared)];
  const error = expected.reduce((sum, value, i) => sum + (value - actual[i]!) ** 2, 0);
  expect(error).toBeLessThanOrEqual(defaultMaxNmse * expected.reduce((sum, value) => sum + value ** 2, 0));
}); // biome-ignore format: one test

/** For tests: kernel cases and networks in half precision on WebGPU. */
import { afterAll, describe, expect, it } from 'vitest';
import type { OpenedBackend } from '../backends/opened-backend.ts';
import { openRuntime } from '../index.ts';
import { allCases } from '../kernels/all-cases.ts';
import { attentionCases } from '../kernels/attention/attention.cases.ts';
import type { KernelCase } from '../kernels/case.ts';
import { prepareHalfCase } from '../kernels/half-case.ts';
import { cosine, goldenBytes, goldenOf, readGoldenExternal } from '../onnx/golden-networks.ts';
import { type OpenOptions, tryOpen } from '../open-backend.ts';
import { reference, runCase } from './as-reference.ts';

process.env.DIPTYCH_WEBGPU = 'checked';
const hidden: OpenOptions = { lesser: { hiddenFeatures: ['chromium-experimental-subgroup-matrix'] } };
export const open = (options: OpenOptions = {}): Promise<OpenedBackend | string> => tryOpen('webgpu', { precision: 'f16', ...options }); // biome-ignore format: one call
const opened = await open();
export const absent = typeof opened === 'string' ? opened : undefined;
if (typeof opened !== 'string') await opened.backend[Symbol.asyncDispose]();

/**
 * Squared relative error. A result rounded to float16 is off by at most 2^-11, whose square is 2.4e-7; sums of products of
 * halves are exact to float32 before that. Four times as much, because a step may store a number twice on its way.
 */
const maxNmse = 1e-6;

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  let [squares, total] = [0, 0];
  for (const [i, value] of expected.entries()) {
    // NaN, which an index out of range gives, is equal to itself here; NaN instead of a number fails.
    squares += Object.is(value, actual[i]) || value === actual[i] ? 0 : (value - actual[i]!) ** 2;
    total += Number.isNaN(value) ? 0 : value ** 2;
  }
  expect(squares).toBeLessThanOrEqual(maxNmse * Math.max(total, 1e-30));
}

export const withoutImages = allCases.filter(({ step }) => step.op !== 'image');
const isProduct = ({ step }: KernelCase): boolean => step.op === 'gemm' || (step.op === 'conv2d' && step.groups === 1);
/** More than one tile in each direction, sizes that none divides, and every way to read and write: llvmpipe takes seconds a variant. */
const telling = ['bias, residual, relu', 'MobileNetV2 stem', 'last projection', 'rows of a matrix', 'many tiles'];
const isSoftware = typeof opened !== 'string' && opened.software;
const products = allCases.filter((given) => isProduct(given) && (!isSoftware || telling.some((part) => given.name.includes(part)))); // biome-ignore format: one choice

export const matrices = typeof opened === 'string' ? undefined : opened.matrices;
/** Every tile, two buffers, and parts of the inner dimension, more of them than some cases have slices; the small tile is what adapters without matrices choose. */
const forced = ['small/2/3', 'narrow/2/2', 'tall/2', 'medium', 'large', 'thin'].filter((tile) => !isSoftware || matrices !== undefined || tile !== 'small/2/3'); // biome-ignore format: one list
type Setup = readonly [name: string, options: OpenOptions, cases: readonly KernelCase[]];

/** The first is the adapter as it is. */
export const setups: readonly [Setup, ...Setup[]] = [
  ['as the adapter is', {}, withoutImages],
  ...forced.map((tile) => [`tile: ${tile}`, { tile }, products] as const),
  ...(matrices ? [['without matrix instructions', hidden, [...products, ...attentionCases]] as const] : []),
];

export function describeHalfCases(given: readonly Setup[]): void {
  describe.each(given)('%s', async (_, options, cases) => {
    const result = await open(options);
    if (typeof result === 'string') return it(`opens (skipped: ${result})`, ({ skip }) => skip(result));
    const { backend } = result;
    afterAll(() => backend[Symbol.asyncDispose]());
    it.each(cases)('$name', async (one) => {
      const prepared = prepareHalfCase(one);
      const [actual, expected] = [await runCase(backend, prepared), await runCase(reference, prepared)];
      expectClose(actual['y']!.data, expected['y']!.data);
    });
  });
}

/** A transformer and a network with convolutions: what `npm test` scores; software takes seconds for each. */
export const quickNetworks: readonly string[] = ['attention', 'residual'];

export async function expectNetworkInHalf(name: string): Promise<void> {
  await using runtime = await openRuntime({ prefer: 'webgpu', precision: 'f16', checkHalf: false });
  expect(runtime.info).toMatchObject({ backend: 'webgpu', precision: 'f16' });
  const { x, y } = goldenOf(name);
  await using model = await runtime.loadOnnx(goldenBytes(name), { batch: 3, readExternal: readGoldenExternal });
  const { y: actual } = await model.run({ x });
  expect(cosine(actual!.data, y.data)).toBeGreaterThanOrEqual(0.999);
  expect(Math.max(...actual!.data.map((value, i) => Math.abs(value - y.data[i]!)))).toBeLessThanOrEqual(1e-3);
}

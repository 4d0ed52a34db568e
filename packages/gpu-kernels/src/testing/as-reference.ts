/** For tests: kernel cases on a backend against the reference. */
import type { ModelInputs, Tensors } from '@diptych/plugin-kit';
import { expect } from 'vitest';
import type { Backend, Executable } from '../backends/backend.ts';
import { openReference } from '../backends/reference/reference-backend.ts';
import { defaultMaxNmse, type KernelCase, type PreparedCase, prepareCase } from '../kernels/case.ts';

export const reference = openReference();

export async function runOn(
  backend: Backend,
  plan: Parameters<Backend['compile']>[0],
  weights: Tensors,
  inputs: ModelInputs,
): Promise<Tensors> {
  await using executable: Executable = await backend.compile(plan, weights);
  return await executable.run(inputs);
}

export const runCase = (backend: Backend, { plan, weights, inputs }: PreparedCase): Promise<Tensors> =>
  runOn(backend, plan, weights, inputs);

/** Normalised mean squared error, with the worst place for the message. */
function compare(actual: Float32Array, expected: Float32Array): { nmse: number; worst: string } {
  let [squares, total, worst] = [0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    // NaN is what an index out of range gives, and equal to itself here.
    const isSame = actual[i] === expected[i] || (Number.isNaN(actual[i]) && Number.isNaN(expected[i]));
    const difference = isSame ? 0 : actual[i]! - expected[i]!;
    squares += difference ** 2;
    total += Number.isNaN(expected[i]) ? 0 : expected[i]! ** 2;
    if (!(Math.abs(difference) <= Math.abs(actual[worst]! - expected[worst]!))) worst = i;
  }
  return {
    nmse: squares === 0 ? 0 : squares / Math.max(total, 1e-30),
    worst: `largest difference at ${worst}: ${actual[worst]} instead of ${expected[worst]}`,
  };
}

export function expectClose(actual: Float32Array, expected: Float32Array, maxNmse: number): void {
  expect(actual).toHaveLength(expected.length);
  const { nmse, worst } = compare(actual, expected);
  expect(nmse, worst).toBeLessThanOrEqual(maxNmse);
}

export async function expectAsReference(backend: Backend, given: KernelCase): Promise<void> {
  const { plan, weights, inputs } = prepareCase(given);
  expect(backend.check(plan)).toEqual([]);
  const [actual, expected] = [await runOn(backend, plan, weights, inputs), await runOn(reference, plan, weights, inputs)];
  expect(actual['y']!.shape).toEqual(expected['y']!.shape);
  expectClose(actual['y']!.data, expected['y']!.data, given.tolerance?.maxNmse ?? defaultMaxNmse);
}

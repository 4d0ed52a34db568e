/** A split plan computes what the plan did: both run on the reference. */
import type { Tensors } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { type Plan, planVersion, type Step } from '../graph/plan.ts';
import { randomNumbers } from './case.ts';
import { mergeProducts } from './merge-products.ts';
import { splitProducts } from './split-products.ts';

const none = { kind: 'none' } as const;
const gemm: Step = { op: 'gemm', name: 'product', x: 0, weight: 'w', bias: 'b', activation: { kind: 'relu' }, output: 1 };
const conv: Step = { op: 'conv2d', name: 'product', x: 0, weight: 'w', bias: 'b', strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1, activation: none, output: 1 }; // biome-ignore format: a table

const planOf = (step: Step, x: readonly number[], y: readonly number[], w: readonly number[]): Plan => ({
  version: planVersion,
  name: 'test',
  batch: 2,
  values: [x, y].map((shape, id) => ({ id, shape })),
  weights: [
    { name: 'w', shape: w },
    { name: 'b', shape: [w[0]!] },
  ],
  steps: [step],
  inputs: { x: 0 },
  outputs: { y: { value: 1, shape: y } },
});
const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

async function outputs(plan: Plan, weights: Tensors, x: readonly number[]): Promise<number[]> {
  await using executable = await openReference().compile(plan, weights);
  return [...(await executable.run({ x: { shape: [2, ...x], data: randomNumbers(2 * sizeOf(x), 3) } }))['y']!.data];
}

it.each([
  ['gemm', gemm, [3, 8], [3, 200], [200, 8]],
  ['conv2d', conv, [2, 3, 8], [1, 2, 200], [200, 2, 2, 8]],
] as const)('computes %s in parts of its columns, with the same numbers', async (_, step, x, y, w) => {
  const plan = planOf(step, x, y, w);
  const weights: Tensors = { w: { shape: w, data: randomNumbers(sizeOf(w), 1) }, b: { shape: [200], data: randomNumbers(200, 2) } }; // biome-ignore format: one table
  // Room for 100 columns: by hand, 200 in multiples of 64 are three parts and the rest.
  const split = splitProducts(plan, (sizeOf(w) / 200) * 4 * 100);
  expect(split.plan.steps.map(({ op }) => op)).toEqual([step.op, step.op, step.op, step.op, 'concat']);
  expect(split.plan.steps.slice(0, 4).map(({ output }) => split.plan.values[output]!.shape.at(-1))).toEqual([64, 64, 64, 8]);
  const parts = [...split.rows].map(([name, { weight, from, to }]) => {
    const data = weights[weight]!.data.subarray(from, to);
    return [name, { shape: split.plan.weights.find((one) => one.name === name)!.shape, data }] as const;
  });
  expect(await outputs(split.plan, { ...weights, ...Object.fromEntries(parts) }, x)).toEqual(
    await outputs(plan, weights, x),
  );
});

it('leaves a plan alone whose weights fit, or whose product has groups or adds a value', () => {
  const plan = planOf(gemm, [3, 8], [3, 200], [200, 8]);
  expect(splitProducts(plan, 200 * 8 * 4).plan).toBe(plan);
  for (const step of [
    { ...gemm, residual: 0 },
    { ...conv, groups: 2 },
  ] as Step[]) {
    const other = { ...plan, steps: [step] };
    expect(splitProducts(other, 4096).plan).toBe(other);
  }
});

it('merges no products whose weights together would not fit', () => {
  const view = { offset: 0, strides: [0, 8, 16, 1] as const };
  const operands = { q: 1, k: 2, v: 3, qView: view, kView: view, vView: view, yView: view };
  const steps: Step[] = [
    ...[1, 2, 3].map((output): Step => ({ op: 'gemm', name: `p${output}`, x: 0, weight: `w${output}`, activation: none, output })),
    { op: 'attention', name: 'attention', ...operands, outer: 1, heads: 2, rows: 5, keys: 5, channels: 8, valueChannels: 8, scale: 1, output: 4 },
  ]; // biome-ignore format: a table
  const plan: Plan = {
    ...planOf(gemm, [], [], []),
    values: [[5, 16], [5, 16], [5, 16], [5, 16], [5, 16], [5, 64]].map((shape, id) => ({ id, shape })),
    weights: [1, 2, 3].map((number) => ({ name: `w${number}`, shape: [16, 16] })),
    steps,
    outputs: { y: { value: 4, shape: [5, 16] } },
  }; // biome-ignore format: a table
  expect(mergeProducts(plan, 3 * 16 * 16 * 4).plan.steps.map(({ op }) => op)).toEqual(['gemm', 'attention']);
  expect(mergeProducts(plan, 3 * 16 * 16 * 4 - 1).plan).toBe(plan);
});

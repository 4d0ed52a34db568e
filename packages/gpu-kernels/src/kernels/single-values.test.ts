import { expect, it } from 'vitest';
import { type Plan, planVersion, type Step } from '../graph/plan.ts';
import { planGraph } from '../graph/planner.ts';
import { sampleBlocks } from '../sample-network.ts';
import { guaranteedTarget } from './kernel.ts';
import { assignStorage, planDispatches } from './storage.ts';

const half = { ...guaranteedTarget, precision: 'f16' } as const;

/** What each dispatch runs, and how its operands and result are stored. */
function dispatched(plan: Plan): string[] {
  const storage = assignStorage(plan, half);
  return planDispatches(plan, half, storage).map(({ kernel, bindings }) => {
    const stored = bindings.flatMap((binding) => (binding !== 'zero' && 'value' in binding ? storage[binding.value]! : []));
    return `${kernel.name}: ${stored.join(' ')}`;
  });
}

it('keeps the sums between blocks, and from pooling to the scores, in float32; products read and write halves', () => {
  const { graph, weights } = sampleBlocks();
  const block = [
    'normalise/packed-rows-of-f32: f32 f16',
    'conv2d/half-emulated-packed-packed: f16 f16',
    'conv2d/half-emulated-packed-full: f16 f32 f32', // x, the sum so far, the sum
  ];
  expect(dispatched(planGraph(graph, weights, 2).plan)).toEqual([
    'binary/binary: f32 f32',
    ...block,
    ...block,
    'normalise/packed-rows-of-f32: f32 f16',
    'reduce/reduce: f16 f32',
    'conv2d/implicit-gemm-fours: f32 f32',
  ]);
});

const planOf = (shapes: readonly (readonly number[])[], steps: readonly Step[], weights: Plan['weights'] = []): Plan => ({
  version: planVersion,
  name: 'sums',
  batch: 2,
  values: shapes.map((shape, id) => ({ id, shape })),
  weights,
  steps,
  inputs: { x: 0 },
  outputs: { y: { value: shapes.length - 1, shape: shapes.at(-1)! } },
});
const norm = (x: number, output: number): Step => ({ op: 'normalise', name: 'n', x, output, pixels: 1, groups: 1, width: 8, epsilon: 1e-5, centred: true }); // biome-ignore format: one step
const gemm = (x: number, output: number, weight = 'w', residual?: number): Step => ({ op: 'gemm', name: 'g', x, output, weight, activation: { kind: 'none' }, ...(residual === undefined ? {} : { residual }) }); // biome-ignore format: one step

it('lets a sum be halves where a product reads it too', () => {
  const shapes = Array.from({ length: 6 }, () => [4, 8]);
  const weights = [{ name: 'w', shape: [8, 8] }];
  const sum = gemm(0, 1, 'w', 0);
  expect(assignStorage(planOf(shapes, [sum, norm(1, 2), gemm(2, 5, 'w', 1)], weights), half)[1]).toBe('f32');
  expect(assignStorage(planOf(shapes, [sum, norm(1, 2), gemm(1, 3), gemm(2, 5, 'w', 3)], weights), half)[1]).toBe('f16');
});

it('multiplies single rows in float32 where the weights are few, as gates and heads are, not as the first layer behind an image', () => {
  const head = (inner: number, outputs: number): string[] =>
    dispatched(planOf([[inner], [outputs]], [gemm(0, 1)], [{ name: 'w', shape: [outputs, inner] }]));
  expect(head(4096, 1000)).toEqual(['conv2d/implicit-gemm-fours: f32', 'conv2d/add-parts: f32']);
  expect(head(4096, 4096)).toEqual(['conv2d/half-emulated-each-full: f32 f32']);
  expect(head(9 * 4096, 8)).toEqual(['conv2d/half-emulated-each-full: f32 f32']);
});

it('keeps what is divided by in float32, and the roots and bounds behind it: float16 has no 1e-12', () => {
  const shapes = [[4, 8], [4, 8], [4, 8], [4, 1], [4, 1], [4, 1], [4, 8], [4, 8], [4, 8]]; // biome-ignore format: a list
  const weights = [{ name: 'w', shape: [8, 8] }];
  const numbers = [8, 1];
  const steps: Step[] = [
    gemm(0, 1),
    { op: 'binary', function: 'mul', name: 'squares', a: 1, aStrides: numbers, b: 1, bStrides: numbers, output: 2 },
    { op: 'reduce', function: 'sum', name: 'sum', x: 2, dimension: 1, output: 3 },
    { op: 'unary', function: 'sqrt', name: 'norm', x: 3, output: 4 },
    { op: 'unary', function: 'clip', name: 'bound', x: 4, min: 1e-12, output: 5 },
    { op: 'copy', name: 'rows', x: 5, offset: 0, strides: [1, 0], output: 6 },
    { op: 'binary', function: 'div', name: 'unit', a: 1, aStrides: numbers, b: 6, bStrides: numbers, output: 7 },
    gemm(7, 8),
  ];
  const storage = assignStorage(planOf(shapes, steps, weights), half);
  // Squares too: they are summed.
  expect(storage).toEqual(['f32', 'f16', 'f32', 'f32', 'f32', 'f32', 'f32', 'f16', 'f32']);
});

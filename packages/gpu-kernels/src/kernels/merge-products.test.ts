/** A merged plan computes what the plan did: both run on the reference, whose attention reads through the same views. */
import type { GraphNode, Tensors } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import type { Plan } from '../graph/plan.ts';
import type { AttentionStep } from '../graph/plan-products.ts';
import { type PlannedGraph, planGraph } from '../graph/planner.ts';
import { mergeProducts } from './merge-products.ts';

const [tokens, width, heads] = [5, 16, 2];

const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => Math.sin(seed + index * 1.7) / 2);

/** Attention of two heads of 8 over 5 tokens; which inputs q, k and v come from, and whether they have a bias, vary. */
function network({
  from = ['x', 'x', 'x'],
  biases = [true, true, true],
  also = [] as GraphNode[],
  outputs = ['y'],
}): PlannedGraph {
  const nodes: GraphNode[] = [];
  const weights: Record<string, Tensors[string]> = { split: { shape: [4], data: Float32Array.of(0, tokens, heads, width / heads) }, joined: { shape: [3], data: Float32Array.of(0, tokens, width) } }; // biome-ignore format: one table
  const node = (output: string, op: string, inputs: readonly string[], attributes: GraphNode['attributes'] = {}): void => {
    nodes.push({ name: output, op, inputs, outputs: [output], attributes });
  };
  for (const [index, name] of ['q', 'k', 'v'].entries()) {
    weights[`w${name}`] = { shape: [width, width], data: numbers(width * width, index) };
    weights[`b${name}`] = { shape: [width], data: numbers(width, 7 + index) };
    node(`m${name}`, 'MatMul', [from[index]!, `w${name}`]);
    node(`p${name}`, biases[index] ? 'Add' : 'Identity', biases[index] ? [`m${name}`, `b${name}`] : [`m${name}`]);
    node(`s${name}`, 'Reshape', [`p${name}`, 'split']);
    node(name, 'Transpose', [`s${name}`], { perm: name === 'k' ? [0, 2, 3, 1] : [0, 2, 1, 3] });
  }
  node('scores', 'MatMul', ['q', 'k']);
  node('shares', 'Softmax', ['scores'], { axis: -1 });
  node('mixed', 'MatMul', ['shares', 'v']);
  node('turned', 'Transpose', ['mixed'], { perm: [0, 2, 1, 3] });
  node('flat', 'Reshape', ['turned', 'joined']);
  node('wide', 'MatMul', ['flat', 'wwide']);
  node('y', 'Relu', ['wide']);
  weights['wwide'] = { shape: [width, 4 * width], data: numbers(4 * width * width, 3) };
  const inputs = [...new Set(from)].map((name) => ({ name, shape: [tokens, width] }));
  return planGraph({ name: 'test', inputs, nodes: [...nodes, ...also], outputs }, weights, 2);
}

async function scores(plan: Plan, weights: Tensors): Promise<number[]> {
  await using executable = await openReference().compile(plan, weights);
  const inputs = Object.keys(plan.inputs).map((name, index) => [name, { shape: [2, tokens, width], data: numbers(2 * tokens * width, 9 + index) }] as const); // biome-ignore format: one list
  return [...(await executable.run(Object.fromEntries(inputs)))['y']!.data];
}

function joinedWeights({ plan, joined }: ReturnType<typeof mergeProducts>, weights: Tensors): Tensors {
  const data = (names: readonly string[]): Float32Array =>
    Float32Array.from(names.flatMap((name) => [...weights[name]!.data]));
  return Object.fromEntries(
    plan.weights.map(({ name, shape }) => [name, { shape, data: data(joined.get(name) ?? [name]) }]),
  );
}

/** A reshape is no work: it shares its input's memory. */
const opsOf = (plan: Plan): string[] => plan.steps.map(({ op }) => op).filter((op) => op !== 'reshape');

it('makes q, k and v of one value one product, with the same scores', async () => {
  const { plan, weights } = network({});
  expect(opsOf(plan)).toEqual(['gemm', 'gemm', 'gemm', 'attention', 'gemm']);
  const merged = mergeProducts(plan);
  expect(opsOf(merged.plan)).toEqual(['gemm', 'attention', 'gemm']);
  expect(merged.plan.values[merged.plan.steps[0]!.output]!.shape).toEqual([tokens, 3 * width]);
  // By hand: rows are three times as long, k begins behind the columns of q and v behind those of k.
  expect(merged.plan.steps[1]).toMatchObject({ qView: { offset: 0, strides: [expect.any(Number), 8, 48, 1] }, kView: { offset: 16 }, vView: { offset: 32 } }); // biome-ignore format: one expectation
  expect(await scores(merged.plan, joinedWeights(merged, weights))).toEqual(await scores(plan, weights));
});

it('merges the two that share a value where the third has another', async () => {
  const { plan, weights } = network({ from: ['z', 'x', 'x'] });
  const merged = mergeProducts(plan);
  expect(opsOf(merged.plan)).toEqual(['gemm', 'gemm', 'attention', 'gemm']);
  const attention = merged.plan.steps.find((step): step is AttentionStep => step.op === 'attention')!;
  expect(attention.k).toBe(attention.v);
  expect(attention.q).not.toBe(attention.k);
  expect(await scores(merged.plan, joinedWeights(merged, weights))).toEqual(await scores(plan, weights));
});

it('keeps apart products of which one has no bias, is read elsewhere or is an output, and changes no other plan', async () => {
  const one = network({ biases: [true, false, true] });
  expect(opsOf(mergeProducts(one.plan).plan)).toEqual(['gemm', 'gemm', 'attention', 'gemm']);
  const also: GraphNode[] = [{ name: 'r', op: 'Abs', inputs: ['pk'], outputs: ['r'] }];
  const two = network({ also, outputs: ['y', 'r', 'pq'] });
  expect(mergeProducts(two.plan).plan).toBe(two.plan);
});

/** Steps that need not be are left out, and the outputs stay what ONNX defines: values worked out by hand. */
import type { GraphNode, ModelGraph, Tensor, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { mostComputed } from './constant-steps.ts';
import { planGraph } from './planner.ts';

const tensor = (shape: readonly number[], ...data: number[]): Tensor => ({ shape, data: Float32Array.from(data) });

/** `output = Op input input` */
function nodesOf(...lines: readonly string[]): GraphNode[] {
  return lines.map((line) => {
    const [output, , op, ...inputs] = line.split(' ') as [string, string, string, ...string[]];
    return { name: output, op, inputs, outputs: [output] };
  });
}

async function run(lines: readonly string[], weights: Tensors, outputs = ['y']): Promise<{ ops: string[]; y: number[] }> {
  const inputs = [{ name: 'x', shape: [2, 2] }];
  const graph: ModelGraph = { name: 'test', inputs, nodes: nodesOf(...lines), outputs };
  const planned = planGraph(graph, weights, 2);
  await using executable = await openReference().compile(planned.plan, planned.weights);
  const { y } = await executable.run({ x: tensor([2, 2, 2], 1, -2, 3, 4, 0, 5, -6, 7) });
  return { ops: planned.plan.steps.map(({ op }) => op), y: [...y!.data] };
}

const weights: Tensors = {
  one: tensor([], 1), two: tensor([], 2), zero: tensor([], 0), row: tensor([1, 2], 10, 20), square: tensor([3], 1, 2, 2), flat: tensor([2], 0, 4),
  back: tensor([3], 0, 2, 2), truth: tensor([1, 2, 2], 1, 1, 1, 1),
}; // biome-ignore format: a table

describe('steps of a plan', () => {
  it('that no input changes are weights', async () => {
    const lines = ['e = Expand row square', 'd = Mul e two', 's = Where t d zero', 't = Less zero d', 'y = Add x s'];
    const { ops, y } = await run(lines, weights);
    expect(ops).toEqual(['binary']);
    expect(y).toEqual([21, 38, 23, 44, 20, 45, 14, 47]);
  });

  it('that compute the same of the same numbers are one', async () => {
    const lines = ['a = Mul x two', 'b = Mul x deux', 'c = Mul x one', 's = Sub a b', 'y = Add s c'];
    const { ops, y } = await run(lines, { ...weights, deux: tensor([], 2) });
    expect(ops).toEqual(['binary', 'binary', 'binary']);
    expect(y).toEqual([1, -2, 3, 4, 0, 5, -6, 7]);
  });

  it('that give what they read are left out', async () => {
    const lines = ['f = Reshape x flat', 'b = Reshape f back', 'm = Mul b one', 'l = Less m zero', 'k = And truths l', 'y = Where k two m', 'truths = Expand truth square']; // biome-ignore format: one network
    const { ops, y } = await run(lines, weights);
    expect(ops).toEqual(['binary', 'select']);
    expect(y).toEqual([1, 2, 3, 4, 0, 5, 2, 7]);
  });

  it('that move a single number are left out where it is read', async () => {
    const lines = ['s = Slice x none all both', 'c = Reshape s corner', 'w = Reshape c wide', 'y = Mul x w'];
    const places = { none: tensor([2], 0, 0), all: tensor([2], 1, 1), both: tensor([2], 1, 2), corner: tensor([2], 0, 1), wide: tensor([3], 0, 1, 1) }; // biome-ignore format: a table
    const { ops, y } = await run(lines, { ...weights, ...places });
    expect(ops).toEqual(['binary']);
    expect(y).toEqual([1, -2, 3, 4, 0, 0, -0, 0]);
    const other = await run(lines, { ...weights, ...places, none: tensor([2], 1, 1), all: tensor([2], 2, 2) });
    expect(other.ops).toEqual(['copy', 'binary']);
    expect(other.y).toEqual([4, -8, 12, 16, 0, 35, -42, 49]);
  });

  it('stay where numbers that are no truths are compared with 1', async () => {
    const { ops, y } = await run(['t = Expand truth square', 'y = Min x t'], weights);
    expect(ops).toEqual(['binary']);
    expect(y).toEqual([1, -2, 1, 1, 0, 1, -6, 1]);
  });

  it('are kept where they give outputs', async () => {
    const { ops, y } = await run(['y = Mul x one', 'z = Mul x one', 'e = Expand row square'], weights, ['y', 'z', 'e']);
    expect(ops).toEqual(['binary', 'binary', 'copy']);
    expect(y).toEqual([1, -2, 3, 4, 0, 5, -6, 7]);
  });

  it('are left to the run where computing them would take long', () => {
    const side = Math.floor(Math.sqrt(mostComputed / 2));
    const lines = Array.from({ length: 4 }, (_, i) => [`e${i} = Expand n${i} wide`, `y${i} = Add x e${i}`]).flat();
    const many = Object.fromEntries([0, 1, 2, 3].map((i) => [`n${i}`, tensor([1, 1], i)]));
    const inputs = [{ name: 'x', shape: [side, side] }];
    const graph = { name: 'test', inputs, nodes: nodesOf(...lines), outputs: ['y0', 'y1', 'y2', 'y3'] };
    const { plan } = planGraph(graph, { ...many, wide: tensor([3], 1, side, side) }, 1);
    expect(plan.steps.map(({ op }) => op)).toEqual(['binary', 'binary', 'copy', 'binary', 'copy', 'binary']);
  });
});

/** Patterns of exporters become one step, and give what ONNX defines: values worked out by hand. */
import type { GraphNode, ModelGraph, Tensor, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { openReference } from '../../backends/reference/reference-backend.ts';
import { planGraph } from '../planner.ts';

const tensor = (shape: readonly number[], ...data: number[]): Tensor => ({ shape, data: Float32Array.from(data) });

function node(text: string, attributes: GraphNode['attributes'] = {}): GraphNode {
  const [output, , op, ...inputs] = text.split(' ') as [string, string, string, ...string[]];
  return { name: output, op, inputs, outputs: [output], attributes };
}

async function run(nodes: readonly GraphNode[], x: Tensor, weights: Tensors): Promise<{ ops: string[]; values: number[] }> {
  const graph: ModelGraph = { name: 'test', inputs: [{ name: 'x', shape: x.shape.slice(1) }], nodes, outputs: ['y'] };
  const planned = planGraph(graph, weights, x.shape[0]!);
  await using executable = await openReference().compile(planned.plan, planned.weights);
  const { y } = await executable.run({ x });
  return { ops: planned.plan.steps.map(({ op }) => op), values: [...y!.data].map((value) => Number(value.toPrecision(5))) };
}

describe('normalisation', () => {
  const mean = { axes: [-1], keepdims: 1 };
  const two = tensor([], 2);
  const layer = [
    node('m = ReduceMean x', mean),
    node('c = Sub x m'),
    node('q = Mul c c'),
    node('v = ReduceMean q', mean),
    node('e = Add v epsilon'),
    node('s = Sqrt e'),
  ];
  // Mean 2.5 and variance 1.25 of each row; with epsilon 1 the deviation is 1.5.
  const x = tensor([1, 2, 4], 1, 2, 3, 4, 4, 3, 2, 1);
  const epsilon = tensor([], 1);
  const [scale, bias] = [tensor([4], 1, 3, 3, 1), tensor([4], 1, 0, 0, 0)];

  it('of layers, with scale and bias', async () => {
    const nodes = [...layer, node('u = Div c s'), node('w = Mul u scale'), node('y = Add w bias')];
    const { ops, values } = await run(nodes, x, { epsilon, scale, bias });
    expect(ops).toEqual(['normalise']);
    expect(values).toEqual([0, -1, 1, 1, 2, 1, -1, -1]);
  });

  it('by the root mean square', async () => {
    const nodes = [
      node('q = Mul x x'),
      node('v = ReduceMean q', mean),
      node('e = Add v epsilon'),
      node('s = Sqrt e'),
      node('r = Reciprocal s'),
      node('u = Mul x r'),
      node('y = Mul weight u'),
    ];
    // Mean of squares 12.5; with epsilon 3.5 the root is 4.
    const { ops, values } = await run(nodes, tensor([1, 2], 3, 4), { epsilon: tensor([], 3.5), weight: tensor([2], 1, 2) });
    expect(ops).toEqual(['normalise']);
    expect(values).toEqual([0.75, 2]);
  });

  it('stays apart where a part of it is read elsewhere or over another dimension', async () => {
    const columns = { axes: [1], keepdims: 1 };
    const other = layer.map((part) => (part.op === 'ReduceMean' ? { ...part, attributes: columns } : part));
    expect((await run([...other, node('y = Div c s')], x, { epsilon })).ops).not.toContain('normalise');
    const also = [...layer, node('u = Div c s'), node('w = Mul u two'), node('y = Add w u')];
    const { ops, values } = await run(also, x, { epsilon, two });
    expect(ops).toEqual(['normalise', 'binary', 'binary']);
    expect(values).toEqual([-3, -1, 1, 3, 3, 1, -1, -3]);
  });
});

describe('attention', () => {
  // Two tokens of two heads of one channel, q = k = v = x: token 0 is (0, 1), token 1 is (0, 3).
  const x = tensor([1, 2, 2], 0, 1, 0, 3);
  const heads = tensor([4], 0, 2, 2, 1);
  const flat = tensor([3], 0, 2, 2);
  const split = [
    node('r = Reshape x heads'),
    node('q = Transpose r', { perm: [0, 2, 1, 3] }),
    node('k = Transpose r', { perm: [0, 2, 3, 1] }),
  ];
  const merge = [node('o = MatMul p q'), node('t = Transpose o', { perm: [0, 2, 1, 3] }), node('y = Reshape t flat')];
  /** Softmax of two scores, weighing the values 1 and 3. */
  const weighed = (a: number, b: number): number =>
    Number(((Math.exp(a) + 3 * Math.exp(b)) / (Math.exp(a) + Math.exp(b))).toPrecision(5));

  it('with the scale after the product, heads split and merged without copies', async () => {
    const nodes = [...split, node('a = MatMul q k'), node('s = Mul a half'), node('p = Softmax s'), ...merge];
    const { ops, values } = await run(nodes, x, { heads, flat, half: tensor([], 0.5) });
    expect(ops.filter((op) => op !== 'reshape')).toEqual(['attention']);
    expect(values).toEqual([0, weighed(0.5, 1.5), 0, weighed(1.5, 4.5)]);
  });

  it('with the scale split over both operands, and a mask', async () => {
    const nodes = [
      ...split,
      node('qs = Mul q half'),
      node('ks = Div k two'),
      node('a = MatMul qs ks'),
      node('s = Add mask a'),
      node('p = Softmax s'),
      ...merge,
    ];
    const causal = tensor([1, 1, 2, 2], 0, -Infinity, 0, 0);
    const { ops, values } = await run(nodes, x, { heads, flat, half: tensor([], 0.5), two: tensor([], 2), mask: causal });
    expect(ops.filter((op) => op !== 'reshape')).toEqual(['attention']);
    expect(values).toEqual([0, 1, 0, weighed(0.75, 2.25)]);
  });

  it('with several constant masks, joined', async () => {
    const masks = { one: tensor([2, 1, 1], 5, 7), more: tensor([2, 2], 0, 2, 0, 0) };
    const nodes = [
      ...split,
      node('a = MatMul q k'),
      node('b = Add a one'),
      node('s = Add b more'),
      node('p = Softmax s'),
      ...merge,
    ];
    const { ops, values } = await run(nodes, x, { heads, flat, ...masks });
    expect(ops.filter((op) => op !== 'reshape')).toEqual(['attention']);
    expect(values).toEqual([0, weighed(1, 5), 0, weighed(3, 9)]);
  });

  it('with a guard against rows that a mask leaves nothing of', async () => {
    const nodes = [
      ...split,
      node('a = MatMul q k'),
      node('s = Add a mask'),
      node('w = Softmax s'),
      node('n = IsNaN w'),
      node('p = Where n none w'),
      ...merge,
    ];
    const weights = { heads, flat, none: tensor([], 0) };
    const causal = await run(nodes, x, { ...weights, mask: tensor([2, 2], 0, -Infinity, 0, 0) });
    expect(causal.ops.filter((op) => op !== 'reshape')).toEqual(['attention']);
    expect(causal.values).toEqual([0, 1, 0, weighed(3, 9)]);
    const empty = await run(nodes, x, { ...weights, mask: tensor([2, 2], -Infinity, -Infinity, 0, 0) });
    expect(empty.ops.filter((op) => op !== 'reshape')).toEqual(['attention']);
    expect(empty.values).toEqual([0, 0, 0, weighed(3, 9)]);
    // Without a guard such a row is not a number, in ONNX as here.
    const bare = [...nodes.slice(0, -5), ...merge].map((part) => (part.name === 'w' ? { ...part, outputs: ['p'] } : part));
    const unguarded = await run(bare, x, { ...weights, mask: tensor([2, 2], -Infinity, -Infinity, 0, 0) });
    expect(unguarded.values).toEqual([Number.NaN, Number.NaN, 0, weighed(3, 9)]);
  });

  it('with a mask that is computed of the input, and a guard', async () => {
    const nodes = [
      ...split,
      node('a = MatMul q k'),
      node('small = Less x two'),
      node('any = ReduceMax small', { axes: [2], keepdims: 1 }),
      node('keep = Not any'),
      node('rows = Where keep nothing zero'),
      node('mask = Unsqueezed rows'),
      node('s = Add a mask'),
      node('w = Softmax s'),
      node('n = IsNaN w'),
      node('p = Where n none w'),
      ...merge,
    ].map((part) => (part.op === 'Unsqueezed' ? { ...part, op: 'Reshape', inputs: ['rows', 'four'] } : part));
    const weights = {
      heads,
      flat,
      none: tensor([], 0),
      two: tensor([], 1),
      nothing: tensor([], -Infinity),
      zero: tensor([], 0),
      four: tensor([4], 0, 1, 2, 1),
    };
    const { ops, values } = await run(nodes, tensor([1, 2, 2], 0, 1, 2, 3), weights);
    expect(ops).toContain('attention');
    expect(ops).not.toContain('softmax');
    expect(values).toEqual([weighed(0, 0) - 1, weighed(1, 3), 0, 0]);
  });

  it('stays apart where the weights are read elsewhere, or a mask is scaled', async () => {
    const scaledMask = [
      ...split,
      node('a = MatMul q k'),
      node('b = Add a mask'),
      node('s = Mul b half'),
      node('p = Softmax s'),
      ...merge,
    ];
    const weights = { heads, flat, half: tensor([], 0.5), mask: tensor([2, 2], 0, 2, 0, 0) };
    const { ops, values } = await run(scaledMask, x, weights);
    expect(ops).not.toContain('attention');
    expect(values).toEqual([0, weighed(0.5, 2.5), 0, weighed(1.5, 4.5)]);
    const both = [
      ...split,
      node('a = MatMul q k'),
      node('p = Softmax a'),
      node('o = MatMul p q'),
      node('s = ReduceSum p', { axes: [3] }),
      node('y = Mul o s'),
    ];
    expect((await run(both, x, { heads })).ops).not.toContain('attention');
  });
});

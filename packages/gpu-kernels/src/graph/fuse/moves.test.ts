/** Steps that only move numbers become one gather, and the outputs stay what they were: worked out by hand, or by the steps apart. */
import type { GraphNode, ModelGraph, Tensor, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { openReference } from '../../backends/reference/reference-backend.ts';
import { planGraph } from '../planner.ts';

const integers = (...data: number[]): Tensor => ({ shape: [data.length], data: Float32Array.from(data) });
const node = (text: string, attributes: GraphNode['attributes'] = {}): GraphNode => {
  const [output, , op, ...inputs] = text.split(' ') as [string, string, string, ...string[]];
  return { name: output, op, inputs, outputs: [output], attributes };
};

/** Two items of `shape` that hold 0, 1, 2, … */
async function run(shape: readonly number[], nodes: readonly GraphNode[], weights: Tensors, outputs: readonly string[]) {
  const graph: ModelGraph = { name: 'test', inputs: [{ name: 'x', shape }], nodes, outputs };
  const planned = planGraph(graph, weights, 2);
  await using executable = await openReference().compile(planned.plan, planned.weights);
  const size = shape.reduce((product, side) => product * side, 2);
  const data = Float32Array.from({ length: size }, (_, index) => index);
  const results = await executable.run({ x: { shape: [2, ...shape], data } });
  return { ops: planned.plan.steps.map(({ op }) => op), results };
}

describe('moves one after the other', () => {
  // A feature map of 4 × 4 places with 4 channels, rolled by one row and one column and cut into windows of 2 × 2.
  const rolled = (axis: number, from: string, to: string): GraphNode[] => [
    node(`a${axis} = Slice ${from} one four axis${axis}`),
    node(`b${axis} = Slice ${from} zero one axis${axis}`),
    node(`${to} = Concat a${axis} b${axis}`, { axis }),
  ];
  const windows = [
    ...rolled(1, 'x', 'rows'),
    ...rolled(2, 'rows', 'both'),
    node('r = Reshape both apart'),
    node('t = Transpose r', { perm: [0, 1, 3, 2, 4, 5] }),
    node('y = Reshape t together'),
  ];
  const weights = {
    zero: integers(0), one: integers(1), four: integers(4), axis1: integers(1), axis2: integers(2), apart: integers(0, 2, 2, 2, 2, 4), together: integers(0, 4, 4, 4),
  }; // biome-ignore format: a table

  it('are one gather of rows', async () => {
    const { ops, results } = await run([4, 4, 4], windows, weights, ['y']);
    expect(ops).toEqual(['reshape', 'gather', 'reshape']);
    const places = [5, 6, 9, 10, 7, 4, 11, 8, 13, 14, 1, 2, 15, 12, 3, 0];
    const expected = [0, 16].flatMap((first) =>
      places.flatMap((place) => [0, 1, 2, 3].map((channel) => (first + place) * 4 + channel)),
    );
    expect([...results['y']!.data]).toEqual(expected);
  });

  it('begin anew where something else reads what lies between', async () => {
    const { ops, results } = await run([4, 4, 4], windows, weights, ['y', 'both']);
    expect(ops.filter((op) => op === 'gather')).toHaveLength(1);
    expect(ops.filter((op) => op === 'transpose')).toHaveLength(1);
    const places = Array.from({ length: 16 }, (_, at) => ((Math.floor(at / 4) + 1) % 4) * 4 + ((at + 1) % 4));
    const expected = [0, 16].flatMap((first) => places.flatMap((place) => [0, 1, 2, 3].map((channel) => (first + place) * 4 + channel))); // biome-ignore format: one expression
    expect([...results['both']!.data]).toEqual(expected);
  });

  it('that give back what they took are a view', async () => {
    const there = node('t = Transpose x', { perm: [0, 2, 1, 3] });
    const nodes = [
      there,
      node('s = Slice t zero four axis1'),
      node('b = Transpose s', { perm: [0, 2, 1, 3] }),
      node('y = Relu b'),
    ];
    const { ops } = await run([4, 4, 4], nodes, weights, ['y']);
    expect(ops).toEqual(['reshape', 'unary']);
  });

  it('of single numbers, and of several values, stay', async () => {
    const single = [
      node('t = Transpose x', { perm: [0, 2, 1] }),
      node('s = Slice t one four axis1'),
      node('y = Transpose s', { perm: [0, 2, 1] }),
    ];
    const kept = await run([4, 5], [...single.slice(0, 2), node('y = Relu s')], weights, ['y']);
    expect(kept.ops).not.toContain('gather');
    const joined = [node('z = Relu x'), node('c = Concat x z', { axis: 1 }), node('y = Slice c one four axis1')];
    expect((await run([4, 4, 4], joined, weights, ['y'])).ops).toEqual(['unary', 'concat', 'copy']);
  });

  it('of which one turns its sign are a gather and a product, as rotary positions are written', async () => {
    const sines = Array.from({ length: 24 }, (_, at) => ((at * 5) % 7) - 3);
    const tensor = (data: readonly number[]): Tensor => ({ shape: [3, 8], data: Float32Array.from(data) });
    const rotary = [
      node('a = Slice x four eight axis2'),
      node('n = Neg a'),
      node('b = Slice x zero four axis2'),
      node('c = Concat n b', { axis: 2 }),
      node('m = Mul c sin'),
      node('k = Mul x cos'),
      node('y = Add k m'),
    ];
    const more = { ...weights, eight: integers(8), sin: tensor(sines), cos: tensor(sines.toReversed()) };
    const { ops, results } = await run([3, 8], rotary, more, ['y']);
    expect(ops.filter((op) => op !== 'reshape').toSorted()).toEqual(['binary', 'binary', 'binary', 'gather']);
    const expected = Array.from({ length: 48 }, (_, at) => {
      const place = at % 24;
      const other = place % 8 < 4 ? -(at + 4) : at - 4;
      return at * sines[23 - place]! + other * sines[place]!;
    });
    expect([...results['y']!.data].map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
    const read = await run([3, 8], rotary, more, ['y', 'n']);
    expect(read.ops).toContain('unary');
    expect(read.results['y']!.data).toEqual(results['y']!.data);
  });
});

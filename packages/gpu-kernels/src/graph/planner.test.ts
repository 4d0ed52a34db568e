import type { GraphNode, ImageRecipe, ModelGraph, Tensor, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { sampleNetwork } from '../sample-network.ts';
import { assignMemory } from './memory.ts';
import type { Plan } from './plan.ts';
import { planGraph } from './planner.ts';
import { sizeOf } from './shapes.ts';
import { valuesReadBy } from './tidy.ts';

const tensor = (shape: readonly number[], ...data: number[]): Tensor => ({ shape, data: Float32Array.from(data) });
const node = (op: string, inputs: string, outputs: string, attributes: GraphNode['attributes'] = {}): GraphNode => ({
  name: outputs.split(' ')[0]!,
  op,
  inputs: inputs.split(' ').map((name) => (name === '_' ? '' : name)),
  outputs: outputs.split(' '),
  attributes,
});
const graphOf = (shape: readonly number[], nodes: readonly GraphNode[], outputs: readonly string[] = ['y']): ModelGraph => ({
  name: 'test',
  inputs: [{ name: 'x', shape }],
  nodes,
  outputs,
});
const opsOf = (plan: Plan): string[] => plan.steps.map((step) => step.op);

async function run(graph: ModelGraph, weights: Tensors, x: Tensor): Promise<Tensors> {
  const planned = planGraph(graph, weights, x.shape[0]!);
  await using executable = await openReference().compile(planned.plan, planned.weights);
  return await executable.run({ x });
}
const valuesOf = async (...given: Parameters<typeof run>): Promise<number[]> => [...(await run(...given))['y']!.data];

/** Two channels of 2x2: 1 2 / 3 4 and 5 6 / 7 8. */
const image = tensor([1, 2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8);

describe('planned graphs compute what ONNX defines', () => {
  const conv = node('Conv', 'x w b', 'c', { kernel_shape: [1, 1] });
  const weights: Tensors = {
    w: tensor([2, 2, 1, 1], 1, 10, 0, -1),
    b: tensor([2], 0.5, 0),
    scale: tensor([2], 2, 3),
    shift: tensor([2], 1, -1),
    mean: tensor([2], 4, 0),
    variance: tensor([2], 0, 8),
  };

  it('a 1x1 convolution in NCHW', async () => {
    const expected = [51.5, 62.5, 73.5, 84.5, -5, -6, -7, -8];
    expect(await valuesOf(graphOf([2, 2, 2], [{ ...conv, outputs: ['y'] }]), weights, image)).toEqual(expected);
  });

  it('BatchNormalization folded into the convolution before it', async () => {
    const nodes = [conv, node('BatchNormalization', 'c scale shift mean variance', 'y', { epsilon: 1 })];
    const graph = graphOf([2, 2, 2], nodes);
    expect(opsOf(planGraph(graph, weights, 1).plan)).toEqual(['transpose', 'conv2d', 'transpose']);
    // channel 0: 2 (v - 4) / sqrt(0 + 1) + 1, channel 1: 3 (v - 0) / sqrt(8 + 1) - 1
    expect(await valuesOf(graph, weights, image)).toEqual([96, 118, 140, 162, -6, -7, -8, -9]);
  });

  it('BatchNormalization as factor and sum where the convolution has another reader', async () => {
    const nodes = [conv, node('BatchNormalization', 'c scale shift mean variance', 'y', { epsilon: 1 })];
    const graph = graphOf([2, 2, 2], nodes, ['y', 'c']);
    expect(opsOf(planGraph(graph, weights, 1).plan).filter((op) => op === 'binary')).toHaveLength(2);
    expect(await valuesOf(graph, weights, image)).toEqual([96, 118, 140, 162, -6, -7, -8, -9]);
  });

  it('residual and Relu fused into the convolution', async () => {
    const graph = graphOf([2, 2, 2], [conv, node('Add', 'x c', 's'), node('Relu', 's', 'y')]);
    expect(opsOf(planGraph(graph, weights, 1).plan)).toEqual(['transpose', 'conv2d', 'transpose']);
    expect(await valuesOf(graph, weights, image)).toEqual([52.5, 64.5, 76.5, 88.5, 0, 0, 0, 0]);
  });

  it('a Relu before the sum is not moved behind it', async () => {
    const graph = graphOf([2, 2, 2], [conv, node('Relu', 'c', 'r'), node('Add', 'r x', 'y')]);
    expect(await valuesOf(graph, weights, image)).toEqual([52.5, 64.5, 76.5, 88.5, 5, 6, 7, 8]);
  });

  it('a constant added a channel becomes the bias', async () => {
    const graph = graphOf([2, 2, 2], [conv, node('Add', 'c extra', 'y')]);
    const extra = { ...weights, extra: tensor([2, 1, 1], 100, 1000) };
    expect(opsOf(planGraph(graph, extra, 1).plan)).not.toContain('binary');
    expect(await valuesOf(graph, extra, image)).toEqual([151.5, 162.5, 173.5, 184.5, 995, 994, 993, 992]);
  });

  it('zero padding folded into the convolution, other padding kept', async () => {
    const sum = {
      w: tensor([1, 2, 2, 2], 1, 1, 1, 1, 1, 1, 1, 1),
      pads: tensor([8], 0, 0, 1, 0, 0, 0, 0, 1),
      one: tensor([], 1),
    };
    const zero = graphOf([2, 2, 2], [node('Pad', 'x pads', 'p'), node('Conv', 'p w', 'y')]);
    expect(opsOf(planGraph(zero, sum, 1).plan)).not.toContain('pad');
    expect(await valuesOf(zero, sum, image)).toEqual([14, 8, 36, 20]);
    const ones = graphOf([2, 2, 2], [node('Pad', 'x pads one', 'p'), node('Conv', 'p w', 'y')]);
    expect(opsOf(planGraph(ones, sum, 1).plan)).toContain('pad');
    expect(await valuesOf(ones, sum, image)).toEqual([18, 14, 36, 24]);
  });

  it('operands of a different layout without transposing either', async () => {
    const graph = graphOf([2, 2, 2], [conv, node('Mul', 'c x', 'y')]);
    expect(await valuesOf(graph, weights, image)).toEqual([51.5, 125, 220.5, 338, -25, -36, -49, -64]);
  });

  it('Gemm with alpha, beta and both forms of B', async () => {
    const b = { b: tensor([2, 2], 1, 2, 3, 4), c: tensor([2], 1, 1) };
    const x = tensor([1, 2], 1, 10);
    const scaled = node('Gemm', 'x b c', 'y', { alpha: 2, beta: 3 });
    expect(await valuesOf(graphOf([2], [scaled]), b, x)).toEqual([65, 87]);
    expect(await valuesOf(graphOf([2], [node('Gemm', 'x b', 'y', { transB: 1 })]), b, x)).toEqual([21, 43]);
  });

  it('Flatten, Reshape and Transpose in ONNX order', async () => {
    const shape = { shape: tensor([3], 0, 4, -1) };
    const nodes = [
      node('MaxPool', 'x', 'p', { kernel_shape: [1, 1] }),
      node('Transpose', 'p', 't', { perm: [0, 2, 3, 1] }),
      node('Reshape', 't shape', 'y'),
    ];
    const output = (await run(graphOf([2, 2, 2], nodes), shape, image))['y']!;
    expect(output.shape).toEqual([1, 4, 2]);
    expect([...output.data]).toEqual([1, 5, 2, 6, 3, 7, 4, 8]);
    expect(await valuesOf(graphOf([2, 2, 2], [nodes[0]!, node('Flatten', 'p', 'y')]), {}, image)).toEqual([...image.data]);
  });

  it('reductions, pools and Softmax over the channels', async () => {
    const mean = graphOf([2, 2, 2], [node('ReduceMean', 'x', 'y', { axes: [2, 3], keepdims: 0 })]);
    expect((await run(mean, {}, image))['y']).toEqual(tensor([1, 2], 2.5, 6.5));
    expect((await run(graphOf([2, 2, 2], [node('GlobalAveragePool', 'x', 'y')]), {}, image))['y']).toEqual(
      tensor([1, 2, 1, 1], 2.5, 6.5),
    );
    const soft = await valuesOf(graphOf([2, 2, 2], [node('Softmax', 'x', 'y', { axis: 1 })]), {}, image);
    expect(soft[0]! + soft[4]!).toBeCloseTo(1, 6);
    expect(soft[0]).toBeCloseTo(1 / (1 + Math.exp(4)), 6);
  });

  it('nearest upsampling', async () => {
    const graph = graphOf(
      [1, 1, 2],
      [
        node('Resize', 'x _ scales', 'y', {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
      ],
    );
    expect(await valuesOf(graph, { scales: tensor([4], 1, 1, 2, 2) }, tensor([1, 1, 1, 2], 1, 2))).toEqual([
      1, 1, 2, 2, 1, 1, 2, 2,
    ]);
  });

  it('nodes in any order, and none that no output needs', async () => {
    const nodes = [node('Relu', 'n', 'y'), node('Exp', 'x', 'unread'), node('Neg', 'x', 'n')];
    const graph = graphOf([2], nodes);
    expect(opsOf(planGraph(graph, {}, 1).plan)).toHaveLength(2);
    expect(await valuesOf(graph, {}, tensor([1, 2], -3, 4))).toEqual([3, 0]);
  });

  it('Clip with bounds as inputs, as attributes, and with one bound', async () => {
    const x = tensor([1, 3], -9, 0, 9);
    expect(
      await valuesOf(graphOf([3], [node('Clip', 'x lo hi', 'y')]), { lo: tensor([], -1), hi: tensor([], 6) }, x),
    ).toEqual([-1, 0, 6]);
    expect(await valuesOf(graphOf([3], [node('Clip', 'x', 'y', { min: -2, max: 3 })]), {}, x)).toEqual([-2, 0, 3]);
    expect(await valuesOf(graphOf([3], [node('Clip', 'x', 'y', { min: 2, max: 1 })]), {}, x)).toEqual([1, 1, 1]);
    expect(await valuesOf(graphOf([3], [node('Clip', 'x _ hi', 'y')]), { hi: tensor([], 6) }, x)).toEqual([-9, 0, 6]);
  });
});

describe('what cannot be planned names op, node and reason', () => {
  const w = tensor([1, 1, 3, 3], ...new Array<number>(9).fill(1));
  it.each<[string, readonly number[], readonly GraphNode[], Tensors, string]>([
    ['an op we lack', [2], [node('HardTanh', 'x', 'y')], {}, '"y" (HardTanh)'],
    ['an op named like an object method', [2], [node('toString', 'x', 'y')], {}, 'toString'],
    ['an attribute we lack', [2], [node('Relu', 'x', 'y', { slope: 1 })], {}, 'attribute slope'],
    [
      'a form we lack',
      [1, 4, 4],
      [node('MaxPool', 'x', 'y', { kernel_shape: [2, 2], storage_order: 1 })],
      {},
      'storage_order = 1',
    ],
    ['a computed weight', [1, 4, 4], [node('Neg', 'x', 'n'), node('Conv', 'x n', 'y')], {}, 'only a constant'],
    ['a 1-D convolution', [1, 4], [node('Conv', 'x w', 'y')], { w }, '2-D'],
    ['a softmax over the batch', [2, 3, 4], [node('Softmax', 'x', 'y', { axis: 0 })], {}, 'softmax over the batch'],
    ['a transpose of the batch', [2], [node('Transpose', 'x', 'y', { perm: [1, 0] })], {}, 'moves the batch'],
    ['a reduction over the batch', [2], [node('ReduceSum', 'x', 'y', { axes: [0] })], {}, 'batch'],
    ['a reshape that loses the batch', [4], [node('Reshape', 'x s', 'y')], { s: tensor([2], 2, 2) }, 'batch'],
    [
      'a resize by coordinates that are none',
      [1, 2, 2],
      [node('Resize', 'x _ s', 'y', { coordinate_transformation_mode: 'elsewhere' })],
      { s: tensor([4], 1, 1, 2, 2) },
      'coordinate_transformation_mode = "elsewhere"',
    ],
  ])('%s', (_, shape, nodes, weights, reason) => {
    expect(() => planGraph(graphOf(shape, nodes), weights, 1)).toThrow(
      expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining(reason) }),
    );
  });

  it.each<[string, readonly number[], readonly GraphNode[], Tensors, string]>([
    ['an unknown value', [2], [node('Relu', 'z', 'y')], {}, '"z" is neither'],
    ['an output nobody makes', [2], [node('Relu', 'x', 'z')], {}, '"y" is neither'],
    ['a value made twice', [2], [node('Relu', 'x', 'y'), { ...node('Neg', 'x', 'y'), name: 'again' }], {}, 'produced twice'],
    ['a node name used twice', [2], [node('Relu', 'x', 'y'), { ...node('Neg', 'x', 'z'), name: 'y' }], {}, 'unique'],
    ['a cycle', [2], [node('Add', 'x z', 'y'), node('Relu', 'y', 'z')], {}, 'cycle'],
    ['a missing weight', [1, 4, 4], [node('Conv', 'x w', 'y')], {}, '"w" is neither'],
    ['a weight that does not fit', [2, 4, 4], [node('Conv', 'x w', 'y')], { w }, '2 channels'],
    [
      'a weight with too few numbers',
      [1, 4, 4],
      [node('Conv', 'x w', 'y')],
      { w: tensor([1, 1, 3, 3], 1) },
      'needs 9 numbers',
    ],
    ['a kernel larger than its input', [1, 2, 2], [node('Conv', 'x w', 'y')], { w }, 'does not fit'],
    ['shapes that do not broadcast', [2, 3, 3], [node('Mul', 'x w', 'y')], { w: tensor([2], 1, 1) }, 'broadcast'],
    ['a size of zero', [0], [node('Relu', 'x', 'y')], {}, 'positive'],
  ])('%s is GRAPH_INVALID', (_, shape, nodes, weights, reason) => {
    expect(() => planGraph(graphOf(shape, nodes), weights, 1)).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining(reason) }),
    );
  });

  const normalise = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;
  it.each<[string, ImageRecipe, string]>([
    ['two means', [{ ...normalise, mean: [0, 0] }], 'one number for each of 3 channels, got 2 and 3'],
    ['a deviation of zero', [{ ...normalise, deviation: [1, 0, 1] }], 'must be above zero in float32, got 1, 0, 1'],
    ['a byte step on floats', [normalise, { step: 'bgr' }], '"bgr" works on 8-bit pixels'],
    ['no step that makes numbers', [{ step: 'even-trim' }], 'needs a step "normalise"'],
  ])('a recipe with %s is GRAPH_INVALID: its author can mend it', (_, recipe, reason) => {
    const graph = { ...graphOf([3, 2, 2], [node('Relu', 'x', 'y')]), inputs: [{ name: 'x', shape: [3, 2, 2], recipe }] };
    expect(() => planGraph(graph, {}, 1)).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining(reason) }),
    );
  });
});

describe('the plan of a whole network', () => {
  const { graph, weights } = sampleNetwork({ size: 224 });
  const planned = planGraph(graph, weights, 1);

  it('stays within its budget of steps, weights and memory', () => {
    const count: Record<string, number> = {};
    for (const op of opsOf(planned.plan)) count[op] = (count[op] ?? 0) + 1;
    const memory = assignMemory(planned.plan);
    expect({
      ...count,
      weightBytes: planned.plan.weights.reduce((sum, { shape }) => sum + sizeOf(shape) * 4, 0),
      slots: memory.slotSizes.length,
      bytesAnItem: memory.slotSizes.reduce((sum, size) => sum + size * 4, 0),
    }).toMatchSnapshot();
  });

  it('is plain data: JSON gives it back unchanged', () => {
    expect(JSON.parse(JSON.stringify(planned.plan))).toEqual(planned.plan);
  });

  it('never writes memory that a later step still reads', () => {
    const { slotOf } = assignMemory(planned.plan);
    const holder = new Map<number, number>(Object.values(planned.plan.inputs).map((id) => [slotOf[id]!, id]));
    const root = (id: number): number => {
      const step = planned.plan.steps.find(({ output }) => output === id);
      return step?.op === 'reshape' ? root(step.x) : id;
    };
    for (const step of planned.plan.steps) {
      for (const id of valuesReadBy(step)) expect(root(holder.get(slotOf[id]!)!)).toBe(root(id));
      if (step.op !== 'reshape') expect(valuesReadBy(step).map((id) => slotOf[id])).not.toContain(slotOf[step.output]);
      holder.set(slotOf[step.output]!, step.output);
    }
    for (const { value } of Object.values(planned.plan.outputs)) expect(root(holder.get(slotOf[value]!)!)).toBe(root(value));
  });
});

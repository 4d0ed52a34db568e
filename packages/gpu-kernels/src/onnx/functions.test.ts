import { describe, expect, it } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { inspectOnnx } from './inspect-onnx.ts';
import { planOnnx } from './plan-onnx.ts';
import { attribute, body, graph, modelOf, node, reference, tensor, value } from './write-onnx.ts';

async function run(bytes: Uint8Array, x: readonly number[] = [1, -2]): Promise<number[]> {
  const { planned } = await planOnnx(bytes, { batch: 1 });
  await using executable = await openReference().compile(planned.plan, planned.weights);
  const { y } = await executable.run({ x: { shape: [1, x.length], data: Float32Array.from(x) } });
  return [...y!.data];
}

const double = body({
  name: 'Double',
  inputs: ['a'],
  outputs: ['b'],
  nodes: [node({ op: 'Add', inputs: ['a', 'a'], outputs: ['b'] })],
});
const call = (op: string, input: string, output: string, attributes: readonly Uint8Array[] = []) => ({ op, domain: 'test', inputs: [input], outputs: [output], attributes }); // biome-ignore format: one node

describe('functions of a file', () => {
  it('are written out, calls within calls with names of their own', async () => {
    const nodes = [node({ ...call('Double', 'a', 't') }), node({ ...call('Double', 't', 'b') })];
    const fourfold = body({ name: 'Fourfold', inputs: ['a'], outputs: ['b'], nodes });
    const model = modelOf([call('Fourfold', 'x', 't'), call('Double', 't', 'y')], [2], [fourfold, double]);
    expect(await run(model)).toEqual([8, -16]);
  });

  it('are counted as the ops that they are', async () => {
    const model = modelOf([call('Double', 'x', 't'), call('Double', 't', 'y')], [2], [double]);
    const { ops } = await inspectOnnx(model, { batch: 1 });
    expect(ops).toEqual([{ op: 'Add', count: 2, support: 'yes' }]);
    const endless = body({ name: 'Loop', inputs: ['a'], outputs: ['b'], nodes: [node(call('Loop', 'a', 'b'))] });
    const { ops: kept, problem } = await inspectOnnx(modelOf([call('Loop', 'x', 'y')], [2], [endless]), { batch: 1 });
    expect(kept).toEqual([{ op: 'test.Loop', count: 1, support: 'no' }]);
    expect(problem?.message).toContain('calls itself');
  });

  it('take attributes from the call, else their own', async () => {
    const nodes = [
      node({ op: 'Constant', outputs: ['c'], attributes: [reference('value_int', 'factor')] }),
      node({ op: 'Cast', inputs: ['c'], outputs: ['f'], attributes: [attribute('to', 1)] }),
      node({ op: 'Mul', inputs: ['a', 'f'], outputs: ['b'] }),
    ];
    const scaled = body({ name: 'Scaled', inputs: ['a'], outputs: ['b'], nodes, defaults: [attribute('factor', 3)] });
    expect(await run(modelOf([call('Scaled', 'x', 'y')], [2], [scaled]))).toEqual([3, -6]);
    expect(await run(modelOf([call('Scaled', 'x', 'y', [attribute('factor', 5)])], [2], [scaled]))).toEqual([5, -10]);
  });

  it('may give an input back, and may lack an optional one', async () => {
    const passing = body({ name: 'Passing', inputs: ['a', 'min'], outputs: ['a', 'b'], nodes: [node({ op: 'Clip', inputs: ['a', 'min'], outputs: ['b'] })] }); // biome-ignore format: one function
    const nodes = [
      { ...call('Passing', 'x', 's'), outputs: ['s', 't'] },
      { op: 'Add', inputs: ['s', 't'], outputs: ['y'] },
    ];
    expect(await run(modelOf(nodes, [2], [passing]))).toEqual([2, -4]);
  });

  it.each([
    ['calls itself', [body({ name: 'Loop', inputs: ['a'], outputs: ['b'], nodes: [node(call('Loop', 'a', 'b'))] })], 'calls itself'],
    ['is defined twice', [double, double], 'defined twice'],
    ['reads what is outside', [body({ name: 'Loop', inputs: ['a'], outputs: ['b'], nodes: [node({ op: 'Add', inputs: ['a', 'x'], outputs: ['b'] })] })], 'reads "x"'],
    ['is of another opset', [body({ name: 'Loop', inputs: ['a'], outputs: ['a'], nodes: [], opset: 12 })], 'written in opset 12'],
    ['has too few inputs', [body({ name: 'Loop', inputs: [], outputs: ['b'], nodes: [] })], 'has 0 inputs'],
    ['writes its input', [body({ name: 'Loop', inputs: ['a'], outputs: ['b'], nodes: [node({ op: 'Relu', inputs: ['a'], outputs: ['a'] }), node({ op: 'Relu', inputs: ['a'], outputs: ['b'] })] })], 'produced twice'],
  ])('is refused where it %s', async (_, functions, text) => {
    await expect(planOnnx(modelOf([call('Loop', 'x', 'y')], [2], functions), { batch: 1 })).rejects.toThrow(text);
  }); // biome-ignore format: a table
});

describe('If', () => {
  const branch = (op: string, input = 'x') =>
    graph({ nodes: [node({ op, inputs: [input], outputs: ['r'] })], outputs: [value('r', ['n', 2])] });
  const choose = (condition: string, then = branch('Relu')) => ({
    op: 'If',
    inputs: [condition],
    outputs: ['y'],
    attributes: [attribute('then_branch', then, true), attribute('else_branch', branch('Neg'), true)],
  });
  const flag = (on: boolean) => tensor('flag', 9, [], Uint8Array.of(Number(on)));

  it('of a known condition is its branch', async () => {
    expect(await run(modelOf([choose('flag')], [2], [], [flag(true)]))).toEqual([1, 0]);
    expect(await run(modelOf([choose('flag')], [2], [], [flag(false)]))).toEqual([-1, 2]);
  });

  it('of a computed shape is its branch, also within a branch and a function', async () => {
    const nodes = [
      node({ op: 'Shape', inputs: ['a'], outputs: ['s'], attributes: [attribute('start', 1)] }),
      node({ op: 'Equal', inputs: ['s', 's'], outputs: ['c'] }),
      node({ op: 'If', inputs: ['c'], outputs: ['b'], attributes: [
        attribute('then_branch', graph({ nodes: [node({ ...choose('c', branch('Abs', 'a')), outputs: ['r'], attributes: [attribute('then_branch', branch('Abs', 'a'), true), attribute('else_branch', branch('Neg', 'a'), true)] })], outputs: [value('r', ['n', 2])] }), true),
        attribute('else_branch', branch('Neg', 'a'), true),
      ] }),
    ]; // biome-ignore format: a table
    const chosen = body({ name: 'Chosen', inputs: ['a'], outputs: ['b'], nodes });
    expect(await run(modelOf([call('Chosen', 'x', 'y')], [2], [chosen]))).toEqual([1, 2]);
  });

  it('of a computed condition is refused by name', async () => {
    const computed = [{ op: 'Greater', inputs: ['x', 'x'], outputs: ['c'] }, choose('c')];
    await expect(planOnnx(modelOf(computed), { batch: 1 })).rejects.toThrow(/OP_UNSUPPORTED|cannot be planned/);
  });

  it('is refused where a branch reads what does not exist, or lacks an output', async () => {
    const unknown = modelOf([choose('flag', branch('Relu', 'nowhere'))], [2], [], [flag(true)]);
    await expect(planOnnx(unknown, { batch: 1 })).rejects.toThrow('value "nowhere"');
    const empty = modelOf([choose('flag', graph({ nodes: [] }))], [2], [], [flag(true)]);
    await expect(planOnnx(empty, { batch: 1 })).rejects.toThrow('as many outputs');
  });
});

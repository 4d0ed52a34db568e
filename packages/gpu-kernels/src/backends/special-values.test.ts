/**
 * Functions of one and of two numbers at infinities, NaN, both zeros and the ends of float32: drivers may choose either of a
 * number and NaN, and a network whose logit is NaN must not get a score for it.
 */
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type Plan, planVersion, type Step } from '../graph/plan.ts';
import { binaryFunctions, unaryFunctions } from '../graph/plan-scalars.ts';
import { planGraph } from '../graph/planner.ts';
import { unaryParameters } from '../kernels/unary/unary.cases.ts';
import { importOnnx } from '../onnx/import-onnx.ts';
import type { OnnxModel } from '../onnx/onnx-model.ts';
import { modelOf, node } from '../onnx/test-models.ts';
import { tryOpen } from '../open-backend.ts';
import type { Backend } from './backend.ts';
import { openReference } from './reference/reference-backend.ts';

vi.setConfig({ testTimeout: 300_000 }); // a software GPU compiles each kernel on the CPU

const ends = [0, -0, Infinity, -Infinity, Number.NaN, 1, -1, 0.5, -0.5, 1e-30, 1e-20, -1e-20, 1e-7, -1e-7, 1.5, 2.5, -2.5];
const large = [20, 80, 88.5, 89, 100, 104, 700, 1e5, 8_388_607.5, 16_777_216, 2 ** 31, 1e10, 9e15, 1e20, 1e30, 3.4e38];
const single = [...ends, ...large, ...large.map((x) => -x)];
const pairs = [0, -0, Infinity, -Infinity, Number.NaN, 1, -1, 2, -2, 3, 0.5, -0.5, 1e-30, 1e30, -1e30, 3.4e38, 1e10, -7];

async function run(backend: Backend, step: object, ...inputs: readonly (readonly number[])[]): Promise<number[]> {
  const { length } = inputs[0]!;
  const output = inputs.length;
  const plan: Plan = {
    version: planVersion,
    name: 'special values',
    batch: 1,
    values: [...inputs, []].map((_, id) => ({ id, shape: [length] })),
    weights: [],
    steps: [{ ...step, name: 'it', output } as Step],
    inputs: Object.fromEntries(inputs.map((_, id) => [`x${id}`, id])),
    outputs: { y: { value: output, shape: [length] } },
  };
  await using executable = await backend.compile(plan, {});
  const tensors = inputs.map((x, id) => [`x${id}`, { shape: [1, length], data: Float32Array.from(x) }] as const);
  return [...(await executable.run(Object.fromEntries(tensors)))['y']!.data];
}

/** Results further apart than `relative`, in words. e^x is 0 or near it below −87 (1.6e-38) on both, and x times it with it. */
function differences(
  actual: readonly number[],
  expected: readonly number[],
  at: (index: number) => string,
  relative: number,
) {
  return actual.flatMap((got, index) => {
    const wanted = expected[index]!;
    const bound = Math.max(relative * Math.abs(wanted), 1e-36);
    const isSame = got === wanted || (Number.isNaN(got) && Number.isNaN(wanted)) || Math.abs(got - wanted) <= bound;
    return isSame ? [] : [`${at(index)} gives ${got}, not ${wanted}`];
  });
}

/** Rows of four: NaN first, inside and alone, infinities among numbers and alone. */
const rows = [
  [1, Number.NaN, 3, 2],
  [Number.NaN, 1, 2, 3],
  [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
  [1, Infinity, 2, -Infinity],
  [-Infinity, -Infinity, -Infinity, -Infinity],
  [Infinity, Infinity, Infinity, Infinity],
  [-Infinity, -1, -2, -3],
];
const largestOf = (values: readonly number[]) => Math.max(...values);
const ofRows: Readonly<Record<string, readonly [model: OnnxModel, expected: (row: readonly number[]) => number]>> = {
  ReduceMax: [modelOf(['n', 4], [node('ReduceMax', 'x', 'y', { axes: [1], keepdims: 0 })]), largestOf],
  ReduceMin: [modelOf(['n', 4], [node('ReduceMin', 'x', 'y', { axes: [1], keepdims: 0 })]), (row) => Math.min(...row)],
  MaxPool: [modelOf(['n', 1, 2, 2], [node('MaxPool', 'x', 'y', { kernel_shape: [2, 2] })]), largestOf],
  GlobalMaxPool: [modelOf(['n', 1, 2, 2], [node('GlobalMaxPool', 'x', 'y')]), largestOf],
};

async function runRows(backend: Backend, model: OnnxModel): Promise<number[]> {
  const { graph, weights: given } = importOnnx(model);
  const { plan, weights } = planGraph(graph, given, rows.length);
  await using executable = await backend.compile(plan, weights);
  const x = { shape: [rows.length, ...graph.inputs[0]!.shape], data: Float32Array.from(rows.flat()) };
  return [...(await executable.run({ x }))['y']!.data];
}

const reference = openReference();
const backends = [];
for (const name of ['native', 'webgpu'] as const) backends.push({ name, opened: await tryOpen(name, {}) });

describe.each(backends)('$name at the ends of float32', ({ opened }) => {
  if (typeof opened === 'string') {
    it(`opens where CI demands it (here: ${opened})`, ({ skip }) => {
      expect(process.env['CI'], opened).not.toBe('true');
      skip(opened);
    });
    return;
  }
  const { backend } = opened;
  afterAll(() => backend[Symbol.asyncDispose]());

  it.each(unaryFunctions)('%s', async (name) => {
    const step = { op: 'unary', function: name, x: 0, ...unaryParameters[name] };
    const [actual, expected] = [await run(backend, step, single), await run(reference, step, single)];
    expect(differences(actual, expected, (index) => `${single[index]}`, 4e-6)).toEqual([]);
  });

  it.each(Object.entries(ofRows))('%s', async (_, [model, expected]) => {
    expect(await runRows(backend, model)).toEqual(rows.map(expected));
    expect(await runRows(reference, model)).toEqual(rows.map(expected));
  });

  it.each(binaryFunctions)('%s', async (name) => {
    // Whole numbers are divided so, and none of them is infinite.
    const some = name === 'divide-whole' ? pairs.filter((x) => Number.isInteger(x) && Math.abs(x) < 1e10 && x !== 0) : pairs;
    const a = some.flatMap((x) => some.map(() => x));
    const b = some.flatMap(() => some);
    const step = { op: 'binary', function: name, a: 0, b: 1, aStrides: [1], bStrides: [1] };
    const [actual, expected] = [await run(backend, step, a, b), await run(reference, step, a, b)];
    // WGSL: a power has the error of exp2(b · log2 a), which grows with the exponent of the result.
    const relative = name === 'pow' ? 1e-4 : 4e-6;
    expect(differences(actual, expected, (index) => `${a[index]} and ${b[index]}`, relative)).toEqual([]);
  });
});

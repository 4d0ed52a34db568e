import { expect, it } from 'vitest';
import { type Plan, planVersion } from '../graph/plan.ts';
import { guaranteedTarget } from './kernel.ts';
import { assignStorage } from './storage.ts';

const half = { ...guaranteedTarget, precision: 'f16' } as const;
const relu = (x: number, output: number) => ({ op: 'unary', function: 'relu', name: `relu${output}`, x, output }) as const;
const planOf = (steps: Plan['steps'], outputs: readonly number[]): Plan => ({
  version: planVersion,
  name: 'storage',
  batch: 1,
  values: steps.flatMap(() => [{}, {}]).map((_, id) => ({ id, shape: [2, 4] })),
  weights: [{ name: 'table', shape: [9, 4] }],
  steps,
  inputs: { x: 0 },
  outputs: Object.fromEntries(outputs.map((value) => [`y${value}`, { value, shape: [2, 4] }])),
});

it('stores values between kernels as halves, and what is seen from outside as float32, through reshapes too', () => {
  const reshaped = { op: 'reshape', name: 'r', x: 2, output: 3 } as const;
  const plan = planOf([relu(0, 1), relu(1, 2), reshaped, relu(1, 4)], [3]);
  // Value 0 is the input; 3 is the output and shares its memory with 2.
  expect(assignStorage(plan, half).slice(0, 5)).toEqual(['f32', 'f16', 'f32', 'f32', 'f16']);
  expect(assignStorage(plan, guaranteedTarget).slice(0, 5)).toEqual(['f32', 'f32', 'f32', 'f32', 'f32']);
});

it('keeps everything that an index is computed from in float32', () => {
  const gather = { op: 'gather', name: 'g', xWeight: 'table', indices: 2, dimension: 0, output: 3 } as const;
  const plan = planOf([relu(0, 1), relu(1, 2), gather, relu(3, 4), relu(4, 5)], [5]);
  expect(assignStorage(plan, half).slice(0, 6)).toEqual(['f32', 'f32', 'f32', 'f16', 'f16', 'f32']);
});

it('keeps what is compared in float32, and what it is computed from number by number', () => {
  const product = { op: 'gemm', name: 'g', x: 1, weight: 'table', activation: { kind: 'none' }, output: 2 } as const;
  const equal = { op: 'binary', function: 'equal', name: 'e', a: 3, aStrides: [4, 1], bWeight: 'table', bStrides: [0, 0], output: 4 } as const; // biome-ignore format: one step
  const plan = planOf([relu(0, 1), product, relu(2, 3), equal, relu(4, 5), relu(5, 6)], [6]);
  expect(assignStorage(plan, half).slice(0, 7)).toEqual(['f32', 'f16', 'f32', 'f32', 'f16', 'f16', 'f32']);
});

it('keeps what a whole result is chosen from in float32', () => {
  const select = { op: 'select', name: 's', c: 0, cStrides: [4, 1], aWeight: 'table', aStrides: [0, 0], bWeight: 'table', bStrides: [0, 0], output: 1 } as const; // biome-ignore format: one step
  const reduce = { op: 'reduce', name: 'r', function: 'min', x: 1, dimension: 0, output: 2 } as const;
  const plan = planOf([select, reduce, relu(0, 3), relu(3, 4)], [2, 4]);
  expect(assignStorage(plan, half).slice(1, 4)).toEqual(['f16', 'f32', 'f16']);
  expect(assignStorage({ ...plan, wholeOutputs: ['y2'] }, half).slice(1, 4)).toEqual(['f32', 'f32', 'f16']);
});

it('keeps scales that are taken from ranges in float32, not what they are multiplied with', () => {
  const range = { op: 'quantize-range', name: 'q', x: 1, output: 2 } as const;
  const times = (a: number, output: number) => ({ op: 'binary', function: 'mul', name: 'm', a, aStrides: [4, 1], bWeight: 'table', bStrides: [0, 0], output }) as const; // biome-ignore format: one step
  const plan = planOf([relu(0, 1), range, times(2, 3), times(3, 4), relu(1, 5), relu(5, 6)], [6]);
  expect(assignStorage(plan, half).slice(2, 6)).toEqual(['f32', 'f32', 'f32', 'f16']);
});

it('moves halves as halves, and keeps conditions in float32', () => {
  const copy = { op: 'copy', name: 'c', x: 1, offset: 3, strides: [4, -1], output: 2 } as const;
  const concat = { op: 'concat', name: 'j', parts: [1, 2], dimension: 0, output: 3 } as const;
  const transpose = { op: 'transpose', name: 't', x: 3, permutation: [0, 1], output: 4 } as const;
  const gather = { op: 'gather', name: 'g', x: 4, indicesWeight: 'table', dimension: 0, output: 5 } as const;
  const select = {
    op: 'select',
    name: 's',
    c: 6,
    cStrides: [4, 1],
    a: 5,
    aStrides: [4, 1],
    b: 1,
    bStrides: [4, 1],
    output: 7,
  } as const;
  const plan = planOf([relu(0, 1), copy, concat, transpose, gather, relu(0, 6), select, relu(7, 8)], [8]);
  expect(assignStorage(plan, half).slice(0, 9)).toEqual(['f32', 'f16', 'f16', 'f16', 'f16', 'f16', 'f32', 'f16', 'f32']);
});

import { describe, expect, it } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { importOnnx } from '../onnx/import-onnx.ts';
import type { OnnxNode } from '../onnx/onnx-model.ts';
import { floats, modelOf, node } from '../onnx/test-models.ts';
import { guaranteedTarget } from './kernel.ts';
import { assignStorage } from './storage.ts';

const half = { ...guaranteedTarget, precision: 'f16' } as const;
const constants = [
  floats('w', [4, 4], ...Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0))),
  floats('least', [], 1e-6),
  floats('three', [], 3),
  floats('mask', [3, 3], 0, -3e38, -3e38, 0, 0, -3e38, 0, 0, 0),
];
const means = (x: string, y: string): OnnxNode => node('ReduceMean', x, y, { axes: [-1], keepdims: 1 });

/** How the results of steps are stored, by the op and function that make them, between two products. */
function stored(nodes: readonly OnnxNode[]): string[] {
  const all = [node('MatMul', 'x w', 'f'), ...nodes, node('MatMul', 'n w', 'y')];
  const used = constants.filter(({ name }) => all.some(({ inputs }) => inputs.includes(name)));
  const { graph, weights } = importOnnx(modelOf(['n', 3, 4], all, used));
  const { plan } = planGraph(graph, weights, 1);
  const storage = assignStorage(plan, half);
  return plan.steps.map((step) => `${'function' in step ? step.function : step.op} ${storage[step.output]}`);
}

describe('values beyond the range of float16', () => {
  it('are squares that are summed, the sum and its root, not what is divided', () => {
    const norm = [node('Mul', 'f f', 's'), means('s', 't'), node('Sqrt', 't', 'q'), node('Div', 'f q', 'n')];
    expect(stored(norm)).toEqual(['gemm f16', 'mul f32', 'mean f32', 'sqrt f32', 'div f16', 'gemm f32']);
  });

  it('are cubes by way of their squares', () => {
    const cubes = [node('Pow', 'f three', 'c'), means('c', 'm'), node('Div', 'c m', 'n')];
    expect(stored(cubes)).toEqual(['gemm f16', 'mul f32', 'mul f32', 'mean f32', 'div f16', 'gemm f32']);
  });

  it('are the square of a mean and what a variance is taken to', () => {
    const variance = [node('Mul', 'f f', 's'), means('s', 'v'), means('f', 'm'), node('Mul', 'm m', 'mm'), node('Sub', 'v mm', 'd'), node('Add', 'd least', 'e'), node('Pow', 'e least', 'p'), node('Mul', 'f p', 'n')]; // biome-ignore format: one list
    const found = stored(variance);
    expect(found.filter((step) => step.endsWith('f16'))).toEqual(['gemm f16', 'mul f16']); // f and n
    expect(found).toContain('pow f32');
  });

  it('are scores, from the product to the softmax; shares of it are halves', () => {
    const scores = [node('Transpose', 'f', 'ft', { perm: [0, 2, 1] }), node('MatMul', 'f ft', 'k'), node('Abs', 'k', 'a'), node('Add', 'a mask', 'm'), node('Softmax', 'm', 's', { axis: -1 }), node('Abs', 's', 'p'), node('MatMul', 'p f', 'n')]; // biome-ignore format: one list
    expect(stored(scores)).toEqual(['gemm f16', 'transpose f16', 'matmul f32', 'abs f32', 'add f32', 'softmax f16', 'abs f16', 'matmul f16', 'gemm f32']); // biome-ignore format: one list
  });

  it('are no squares that nobody sums, nor means of other numbers', () => {
    expect(stored([node('Mul', 'f f', 'n')])).toEqual(['gemm f16', 'mul f16', 'gemm f32']);
    expect(stored([means('f', 'm'), node('Sub', 'f m', 'n')])).toEqual(['gemm f16', 'mean f32', 'sub f16', 'gemm f32']);
  });
});

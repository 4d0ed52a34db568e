/** Half precision where numbers on the way leave the range of float16, and those before and behind do not. */

import { describe, expect, it, vi } from 'vitest';
import { planGraph } from '../../graph/planner.ts';
import { randomNumbers } from '../../kernels/case.ts';
import { importOnnx } from '../../onnx/import-onnx.ts';
import type { OnnxNode } from '../../onnx/onnx-model.ts';
import { floats, integers, modelOf, node } from '../../onnx/test-models.ts';
import { tryOpen } from '../../open-backend.ts';
import type { Backend } from '../backend.ts';
import type { OpenedBackend } from '../opened-backend.ts';
import { openReference } from '../reference/reference-backend.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const opened = await tryOpen('webgpu', { precision: 'f16' });
const absent = typeof opened === 'string' ? opened : undefined;

const [rows, width] = [4, 16];
const lowest = -3.4028234663852886e38;
/** Row 0 sees nothing, the others what lies before them. */
const mask = Array.from({ length: rows * rows }, (_, i) => (i < rows || i % rows > i / rows ? lowest : 0));
const constants = [
  floats('eye', [width, width], ...Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0))),
  floats('two', [], 2),
  floats('least', [], 1e-12),
  floats('root', [], -0.5),
  floats('hundredth', [], 0.01),
  floats('mask', [rows, rows], ...mask),
  floats('none', [], 0),
  integers('last', -1),
  floats('one', [width], ...Array(width).fill(1)),
];
const over = { axes: [-1], keepdims: 1 };
const scores = [node('Transpose', 'f', 'ft', { perm: [0, 2, 1] }), node('MatMul', 'f ft', 'k'), node('Mul', 'k hundredth', 'h'), node('Abs', 'h', 'a'), node('Add', 'a mask', 'm'), node('Softmax', 'm', 's', { axis: -1 }), node('Abs', 's', 'p'), node('MatMul', 'p f', 'n')]; // biome-ignore format: one list
const variance = [node('Mul', 'f f', 's'), node('ReduceMean', 's', 'v', over), node('ReduceMean', 'f', 'm', over), node('Mul', 'm m', 'mm'), node('Sub', 'v mm', 'w'), node('Sqrt', 'w', 'q'), node('Sub', 'f m', 'd'), node('Div', 'd q', 'n')]; // biome-ignore format: one list
const rootOfNothing = [node('Mul', 'f none', 'z'), node('Mul', 'z z', 's'), node('ReduceMean', 's', 'v', over), node('Add', 'v least', 'e'), node('Pow', 'e root', 'r'), node('Mul', 'z r', 'zr'), node('Add', 'zr f', 'n')]; // biome-ignore format: one list

/** From f to n; the largest number of f. */
const cases: readonly (readonly [name: string, nodes: readonly OnnxNode[], largest: number])[] = [
  ['a length by ReduceL2', [node('ReduceL2', 'f', 'l', over), node('Div', 'f l', 'n')], 6e4],
  ['a length by squares, beyond 256', [node('Pow', 'f two', 's'), node('ReduceSum', 's last', 't'), node('Sqrt', 't', 'q'), node('Div', 'f q', 'n')], 300],
  ['a variance by the mean of squares', variance, 6e4],
  ['a layer norm', [node('LayerNormalization', 'f one', 'n', { axis: -1 })], 6e4],
  ['exponentials without the largest taken off', [node('Exp', 'f', 'e'), node('ReduceSum', 'e last', 't'), node('Div', 'e t', 'n')], 14],
  ['the root of a least variance', rootOfNothing, 1],
  ['scores beyond 65504 before they are scaled', scores, 100],
  ['a row of which a mask leaves nothing', scores, 1],
]; // biome-ignore format: a table

describe.skipIf(absent !== undefined)(`numbers beyond float16 on the way (here: ${absent ?? 'present'})`, () => {
  it.each(cases)('%s', async (_, nodes, largest) => {
    const all = [node('MatMul', 'x eye', 'f'), ...nodes, node('MatMul', 'n eye', 'y')];
    const used = constants.filter(({ name }) => all.some(({ inputs }) => inputs.includes(name)));
    const { graph, weights } = importOnnx(modelOf(['n', rows, width], all, used));
    const planned = planGraph(graph, weights, 1);
    const data = Float32Array.from(Float16Array.from(randomNumbers(rows * width, 5, [-largest, largest])));
    const outputOf = async (backend: Backend): Promise<Float32Array> => {
      await using executable = await backend.compile(planned.plan, planned.weights);
      return (await executable.run({ x: { shape: [1, rows, width], data } }))['y']!.data;
    };
    const [actual, expected] = [await outputOf((opened as OpenedBackend).backend), await outputOf(openReference())];
    const apart = Math.hypot(...actual.map((value, i) => value - expected[i]!));
    // f and n are halves, of 2^-11 each; a variance and a softmax pass on what f was rounded by.
    expect(apart / Math.hypot(...expected)).toBeLessThanOrEqual(2e-3);
  });
});

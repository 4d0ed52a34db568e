/** GridSample against onnxruntime (goldens/onnx/make-grid-sample.py), on every backend. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { planGraph } from '../graph/planner.ts';
import { openedBackend } from '../testing/opened-backend.ts';
import { importOnnx } from './import-onnx.ts';
import { floats, modelOf, node } from './test-models.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';
const file = new URL('../../goldens/onnx/grid-sample.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly x: readonly number[];
  readonly grid: readonly number[];
  readonly y: Readonly<Record<string, readonly number[]>>;
  /** By mode, zeros around: `inf`, `-inf`, `nan` or a number. */
  readonly infinite: Readonly<Record<string, readonly string[]>>;
};

const x = { name: 'x', type: 1, shape: ['n', 2, 3, 4] };
const modelAs = (how: string, gridShape: readonly (number | string)[]) => {
  const [mode, padding_mode, aligned] = how.split(' ') as [string, string, string];
  const sample = node('GridSample', 'x grid', 'y', { mode, padding_mode, align_corners: Number(aligned) });
  return { ...modelOf(x.shape, [sample]), inputs: [x, { name: 'grid', type: 1, shape: gridShape }] };
};
const farthest = (a: ArrayLike<number>, b: readonly number[]): number =>
  Math.max(...b.map((number, i) => Math.abs(number - a[i]!)));

describe.each(['reference', 'native', 'webgpu'] as const)('GridSample on %s', async (name) => {
  const backend = await openedBackend(name);
  if (backend === undefined) return;
  // Software Vulkan compiles each of dozens of kernels on the CPU: one of each mode, all paddings.
  const some = ['bilinear border 0', 'nearest reflection 1', 'bicubic zeros 0'];

  const sampled = async (how: string, data: ArrayLike<number>) => {
    const { graph, weights } = importOnnx(modelAs(how, ['n', 4, 5, 2]));
    const planned = planGraph(graph, weights, 2);
    await using executable = await backend.compile(planned.plan, planned.weights);
    const { y } = await executable.run({
      x: { shape: [2, 2, 3, 4], data: Float32Array.from(data) },
      grid: { shape: [2, 4, 5, 2], data: Float32Array.from(golden.grid) },
    });
    expect(y!.shape).toEqual([2, 2, 4, 5]);
    return y!.data;
  };

  it.each(name === 'webgpu' ? some : Object.keys(golden.y))('%s', async (how) => {
    // Weights of bicubic interpolation are polynomials, which onnxruntime evaluates in another order.
    expect(farthest(await sampled(how, golden.x), golden.y[how]!)).toBeLessThanOrEqual(5e-6);
  });

  it.each(Object.keys(golden.infinite))('%s with infinities and NaN at the border, zeros around', async (mode) => {
    const x = [...golden.x];
    for (const [at, value] of [[0, Infinity], [23, Number.NaN], [27, Number.NaN], [44, -Infinity]] as const) x[at] = value; // biome-ignore format: a table
    const told: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: Number.NaN };
    const y = await sampled(`${mode} zeros 0`, x);
    for (const [at, text] of golden.infinite[mode]!.entries()) {
      const expected = told[text] ?? Number(text);
      if (Number.isFinite(expected)) expect(y[at], `${at}`).toBeCloseTo(expected, 5);
      else expect(y[at], `${at}`).toBe(expected);
    }
  });
});

describe('GridSample', () => {
  it('gives a constant grid to every item', async () => {
    const model = modelAs('bilinear border 0', ['n', 4, 5, 2]);
    const constant = floats('grid', [1, 4, 5, 2], ...golden.grid.slice(0, 40));
    const { graph, weights } = importOnnx({ ...model, inputs: [x], initializers: [constant] });
    const planned = planGraph(graph, weights, 1);
    await using executable = await openReference().compile(planned.plan, planned.weights);
    const { y } = await executable.run({ x: { shape: [1, 2, 3, 4], data: Float32Array.from(golden.x.slice(0, 24)) } });
    expect(farthest(y!.data, golden.y['bilinear border 0']!.slice(0, 40))).toBeLessThanOrEqual(5e-6);
  });

  it.each([
    ['a grid of another rank', ['n', 4, 2], 'does not fit images'],
    ['a grid of triples', ['n', 4, 5, 3], 'does not fit images'],
  ])('refuses %s', (_, shape, why) => {
    expect(() => importOnnx(modelAs('bilinear zeros 0', shape))).toThrow(expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining(why) })); // biome-ignore format: one call
  });

  it('refuses unknown modes and paddings', () => {
    for (const how of ['area zeros 0', 'bilinear wrap 0', 'constructor zeros 0'])
      expect(() => importOnnx(modelAs(how, ['n', 4, 5, 2]))).toThrow('is not known');
  });
});

/** Indices that an input makes absurd, where no check of a run can know that they are indices: every backend gives what the reference gives. */
import { describe, expect, it, vi } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { planGraph } from '../graph/planner.ts';
import { openedBackend } from '../testing/opened-backend.ts';
import { importOnnx } from './import-onnx.ts';
import { floats, integers, modelOf, node } from './test-models.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

/** Items of eight: numbers near and far, and none. */
const x = Float32Array.from(
  [
    [0, 7, -1, -8, 8, -9, 3, 2],
    [2 ** 24, -(2 ** 24), 2 ** 31, -(2 ** 31), 3e38, -3e38, 0.5, -0.5],
    [Infinity, -Infinity, Number.NaN, 1, 2, 3, 4, 5],
    [1, 1, 1, 1, 6, 6, 6, 6],
  ].flat(),
);
const whole = node('Cast', 'x', 'i', { to: 7 });
const pairs = node('Reshape', 'i pairs', 'p');
const constants = [integers('pairs', 0, 4, 2), integers('k', 3), integers('depth', 8), floats('values', [2], 0, 1), floats('table', [3, 8, 2], ...Array.from({ length: 48 }, (_, i) => i))]; // biome-ignore format: one list

const models = {
  'Gather from a table': [whole, node('Reshape', 'table rows', 't'), node('Gather', 't i', 'y')],
  'GatherElements': [whole, node('GatherElements', 'x i', 'y', { axis: 1 })],
  'GatherND of a table': [whole, pairs, node('GatherND', 'table p', 'y')],
  'GatherND of the item': [whole, pairs, node('Reshape', 'x halves', 'h'), node('GatherND', 'h p', 'y', { batch_dims: 1 })],
  'ScatterElements': [whole, node('ScatterElements', 'x i x', 'y', { axis: 1 })],
  'ScatterElements that adds': [whole, node('ScatterElements', 'x i x', 'y', { axis: 1, reduction: 'add' })],
  'OneHot': [node('OneHot', 'x depth values', 'y')],
  'ArgMax': [node('ArgMax', 'x', 'y', { axis: 1 })],
  'TopK': [node('TopK', 'x k', 'y p')],
} as const; // biome-ignore format: a table

const planned = (name: keyof typeof models) => {
  const { graph, weights } = importOnnx(modelOf(['n', 8], models[name], [...constants, integers('rows', 24, 2), integers('halves', 0, 2, 4)])); // biome-ignore format: one call
  return planGraph(graph, weights, 4);
};

describe.each(['native', 'webgpu'] as const)('absurd indices on %s', async (name) => {
  const backend = await openedBackend(name);
  if (backend === undefined) return;
  const reference = openReference();

  // What is largest among numbers that are none is left open by WGSL: the third item has one.
  const leftOpen = name === 'webgpu' ? ['ArgMax'] : [];

  it.each(Object.keys(models) as (keyof typeof models)[])('%s', async (model) => {
    const { plan, weights } = planned(model);
    await using tested = await backend.compile(plan, weights);
    await using expected = await reference.compile(plan, weights);
    const items = leftOpen.includes(model) ? [0, 1, 3] : [0, 1, 2, 3];
    const given = { x: { shape: [items.length, 8], data: Float32Array.from(items.flatMap((item) => [...x.subarray(item * 8, item * 8 + 8)])) } }; // biome-ignore format: one input
    const [actual, wanted] = [await tested.run(given), await expected.run(given)];
    expect([...actual['y']!.data]).toEqual([...wanted['y']!.data]);
  });
});

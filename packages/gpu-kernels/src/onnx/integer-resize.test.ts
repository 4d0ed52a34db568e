/** Linear Resize of bytes against onnxruntime (goldens/onnx/make-integer-resize.py), on every backend. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { planGraph } from '../graph/planner.ts';
import { openedBackend } from '../testing/opened-backend.ts';
import { importOnnx } from './import-onnx.ts';
import type { OnnxModel } from './onnx-model.ts';
import { floats, integers, modelOf, node } from './test-models.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';
interface Golden {
  readonly type: 'uint8' | 'int8';
  readonly mode: string;
  readonly sizes?: readonly number[];
  readonly scales?: readonly number[];
  readonly shape: readonly number[];
  readonly x: readonly number[];
  readonly y: readonly number[];
}
const file = new URL('../../goldens/onnx/integer-resize.json', import.meta.url);
const goldens = JSON.parse(readFileSync(file, 'utf8')) as readonly Golden[];
const named = goldens.map((golden) => {
  const { type, mode, shape, sizes, scales } = golden;
  return { golden, name: `${type} ${mode} of ${shape.join('x')} to ${(sizes ?? scales)!.slice(2).join('x')}` };
});

const modelFor = ({ type, mode, shape, sizes, scales }: Golden, attributes: Record<string, number> = {}): OnnxModel => {
  const to = sizes ? integers('to', ...sizes) : floats('to', [4], ...scales!);
  const how = { mode: 'linear', coordinate_transformation_mode: mode, ...attributes };
  const nodes = [node('Resize', sizes ? 'x _ _ to' : 'x _ to', 'r', how), node('Cast', 'r', 'y', { to: 1 })];
  const model = modelOf(['n', ...shape], nodes, [to], 18);
  return { ...model, inputs: [{ name: 'x', type: type === 'uint8' ? 2 : 3, shape: ['n', ...shape] }] };
};

describe.each(['reference', 'native', 'webgpu'] as const)('a linear Resize of bytes on %s', async (backendName) => {
  const backend = await openedBackend(backendName);
  if (backend === undefined) return;

  // Software Vulkan compiles each of dozens of kernels on the CPU: a few of each kind.
  it.each(backendName === 'webgpu' ? named.filter((_, at) => at % 6 === 1) : named)('$name', async ({ golden }) => {
    const { graph, weights } = importOnnx(modelFor(golden));
    const planned = planGraph(graph, weights, 1);
    await using executable = await backend.compile(planned.plan, planned.weights);
    const { y } = await executable.run({ x: { shape: [1, ...golden.shape], data: Float32Array.from(golden.x) } });
    // −0.5 is cut off to −0, which toEqual tells from 0.
    expect([...y!.data].map((value) => value + 0)).toEqual(golden.y);
  });
});

describe('a linear Resize of bytes', () => {
  const [golden] = goldens as [Golden, ...Golden[]];
  const refuses = (model: OnnxModel, why: string) => expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining(why) })); // biome-ignore format: one call

  it('refuses what onnxruntime rounds in other ways', () => {
    refuses(modelFor(golden, { antialias: 1 }), 'a linear Resize of uint8 numbers with antialias');
    refuses(modelFor({ ...golden, mode: 'half_pixel_symmetric' }), 'by half_pixel_symmetric');
    refuses(modelFor({ ...golden, sizes: [1, 4, 7, 5] }), 'of other dimensions than the height and width');
    refuses(modelFor({ ...golden, shape: [5], sizes: [1, 9] }), 'of other dimensions');
  });

  it('is one of floats where activations are not rounded', async () => {
    const { graph } = importOnnx(modelFor(golden), { quantisation: 'weights-only' });
    expect(graph.nodes.map(({ op }) => op)).toContain('Resize');
  });
});

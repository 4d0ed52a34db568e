/** Networks that onnxruntime quantised, against what it computes with them: goldens/onnx/make-quantised.py. */
import { readFileSync } from 'node:fs';
import type { Tensor } from '@diptych/plugin-kit';
import { describe, expect, it, vi } from 'vitest';
import { sizeOf } from '../graph/shapes.ts';
import { openedRuntime } from '../testing/opened-backend.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

interface Golden {
  readonly x: { readonly shape: readonly number[] };
  readonly y: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly optimised: readonly number[];
  readonly float: readonly number[];
  readonly step: number;
}
const folder = new URL('../../goldens/onnx/', import.meta.url);
const goldens = JSON.parse(readFileSync(new URL('quantised.json', folder), 'utf8')) as Readonly<Record<string, Golden>>;
const bytes = (name: string): Uint8Array => readFileSync(new URL(`quantised/${name}.onnx`, folder));
const inputOf = ({ shape }: Golden['x']): Tensor => ({
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7919) % 2001) / 1000 - 1),
});
const farthest = (actual: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));

/** A software GPU takes seconds for the kernels of a network: one of each form there. */
const onWebgpu = ['convolutions-operator-per-channel', 'convolutions-dynamic', 'tokens-qdq', 'tokens-operator', 'sound-operator-per-channel', 'sound-dynamic', 'volume-operator', 'volume-dynamic', 'recurrent-dynamic-per-channel']; // biome-ignore format: a list

describe.each(['reference', 'native', 'webgpu'] as const)('quantised networks on %s', async (name) => {
  const runtime = await openedRuntime(name);
  if (runtime === undefined) return;

  const run = async (golden: string, quantisation?: 'weights-only'): Promise<Tensor> => {
    await using model = await runtime.loadOnnx(bytes(golden), { batch: 2, ...(quantisation && { quantisation }) });
    return (await model.run({ x: inputOf(goldens[golden]!.x) }))['y']!;
  };

  it.each(name === 'webgpu' ? onWebgpu : Object.keys(goldens))('%s gives what onnxruntime gives', async (golden) => {
    const { y, optimised, step } = goldens[golden]!;
    const actual = await run(golden);
    expect(actual.shape).toEqual(y.shape);
    // onnxruntime's own two answers differ by up to one step of the grid, where float and integer sums round a half
    // differently. Ours is within a step of what the file says, and with 2e-6 for float32 sums equal to one of the two.
    expect(farthest(actual.data, y.data)).toBeLessThanOrEqual(step + 2e-6);
    expect(Math.min(farthest(actual.data, y.data), farthest(actual.data, optimised))).toBeLessThanOrEqual(2e-6);
  });

  if (name === 'webgpu') return; // the rest is of the plan, which all backends share

  it.each(Object.keys(goldens))('%s gives the same where one run of the file is one item', async (golden) => {
    const { shape, data } = inputOf(goldens[golden]!.x);
    const one = [1, ...shape.slice(1)];
    for (const quantisation of ['as-written', 'weights-only'] as const) {
      await using model = await runtime.loadOnnx(bytes(golden), {
        batch: 2,
        items: 'graph',
        shapes: { x: one },
        quantisation,
      });
      const { y } = await model.run({ x: { shape: [2, ...one], data } });
      expect([...y!.data], quantisation).toEqual([
        ...(await run(golden, quantisation === 'weights-only' ? quantisation : undefined)).data,
      ]);
    }
  });

  it('an item of a dynamically quantised network does not depend on its batch', async () => {
    const { x } = goldens['tokens-dynamic']!;
    const both = await run('tokens-dynamic');
    await using model = await runtime.loadOnnx(bytes('tokens-dynamic'), { batch: 1 });
    const size = sizeOf(x.shape.slice(1));
    const second = { shape: [1, ...x.shape.slice(1)], data: inputOf(x).data.slice(size) };
    const alone = await model.run({ x: second });
    expect([...alone['y']!.data]).toEqual([...both.data.subarray(both.data.length / 2)]);
  });

  const fixed = Object.keys(goldens).filter((golden) => !golden.includes('dynamic'));
  it.each(fixed)('%s without rounded activations is nearer to floats', async (golden) => {
    const { float, optimised } = goldens[golden]!;
    // The weights stay on their grid, which is finer than that of the activations where a product has many numbers; and the last
    // activation still saturates, which is half a step of its grid.
    const share = /^(convolutions|tokens)/.test(golden) ? 0.5 : 1;
    expect(farthest((await run(golden, 'weights-only')).data, float)).toBeLessThan(farthest(optimised, float) * share);
  });
});

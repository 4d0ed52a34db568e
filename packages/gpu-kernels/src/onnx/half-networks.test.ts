/** Networks in float16 against onnxruntime, which computes each op in float16: goldens/onnx/make-halves.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { sizeOf } from '../graph/shapes.ts';
import { openedRuntime } from '../testing/opened-backend.ts';
import { cosine, goldenBytes } from './golden-networks.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

interface Golden {
  readonly x: { readonly shape: readonly number[] };
  readonly y: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly float: readonly number[];
}
const file = new URL('../../goldens/onnx/halves.json', import.meta.url);
const goldens = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Golden>>;
const farthest = (a: ArrayLike<number>, b: readonly number[]): number =>
  Math.max(...b.map((number, i) => Math.abs(number - a[i]!)));

describe.each(['reference', 'native', 'webgpu'] as const)('networks in float16 on %s', async (name) => {
  const runtime = await openedRuntime(name);
  if (runtime === undefined) return;

  it.each(Object.keys(goldens))('%s gives what onnxruntime gives, and nearly what float32 gives', async (golden) => {
    const { x, y, float } = goldens[golden]!;
    const data = Float32Array.from({ length: sizeOf(x.shape) }, (_, i) => ((i * 7919) % 2001) / 1000 - 1);
    await using model = await runtime.loadOnnx(goldenBytes(`halves/${golden}`), { batch: 2 });
    const actual = (await model.run({ x: { shape: x.shape, data } }))['y']!;
    expect(actual.shape).toEqual(y.shape);
    expect(cosine(actual.data, Float32Array.from(y.data))).toBeGreaterThanOrEqual(0.99999);
    expect(farthest(actual.data, y.data)).toBeLessThanOrEqual(1e-3);
    // What the weights lost in float16 remains.
    expect(farthest(actual.data, float)).toBeLessThanOrEqual(1e-3);
  });
});

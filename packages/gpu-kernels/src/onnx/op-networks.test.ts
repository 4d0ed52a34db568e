/** Small networks around ops that become others (`goldens/onnx/make-ops.py`), on every backend against onnxruntime. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { sizeOf } from '../graph/shapes.ts';
import { openedRuntime } from '../testing/opened-backend.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

const folder = new URL('../../goldens/onnx/', import.meta.url);
interface Golden {
  readonly x: readonly number[];
  readonly y: { readonly shape: readonly number[]; readonly data: readonly number[] };
}
const goldens = JSON.parse(readFileSync(new URL('ops.json', folder), 'utf8')) as Readonly<Record<string, Golden>>;

describe.each(['reference', 'webgpu', 'native'] as const)('networks of other ops on %s', async (name) => {
  const runtime = await openedRuntime(name);
  if (runtime === undefined) return;

  it.each(Object.entries(goldens))('%s gives what onnxruntime gives', async (golden, { x: shape, y }) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7919) % 2001) / 1000 - 1);
    await using model = await runtime.loadOnnx(readFileSync(new URL(`ops/${golden}.onnx`, folder)), { batch: 2 });
    const { y: actual } = await model.run({ x: { shape, data } });
    expect(actual!.shape).toEqual(y.shape);
    const largest = Math.max(...y.data.map(Math.abs));
    const apart = Math.max(...y.data.map((value, i) => Math.abs(value - actual!.data[i]!)));
    expect(apart).toBeLessThanOrEqual(2e-6 * Math.max(1, largest));
  });
});

/** Whole networks on the smallest GPU that WebGPU guarantees: other kernels and smaller blocks, the same scores. */
import { describe, expect, it, vi } from 'vitest';
import { openRuntime } from '../../index.ts';
import { cosine, goldenBytes, goldenOf, readGoldenExternal } from '../../onnx/golden-networks.ts';
import { tryOpen } from '../../open-backend.ts';
import type { LesserGpu } from './gpu-options.ts';

vi.setConfig({ testTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

const limits = {
  maxBufferSize: 268_435_456,
  maxStorageBufferBindingSize: 134_217_728,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
};
const withoutSubgroups = ['subgroups', 'subgroup-size-control', 'chromium-experimental-subgroup-matrix', 'timestamp-query'];

const opened = await tryOpen('webgpu', {});
const absent = typeof opened === 'string' ? opened : undefined;
if (typeof opened !== 'string') await opened.backend[Symbol.asyncDispose]();

interface Small {
  readonly precision: 'f32' | 'f16';
  readonly lesser: LesserGpu;
  /** Largest difference from onnxruntime in float32. */
  readonly most: number;
}
const adapters: readonly (readonly [string, Small])[] = [
  ['float32, no feature at all', { precision: 'f32', lesser: { limits, hiddenFeatures: [...withoutSubgroups, 'shader-f16'] }, most: 1e-4 }],
  // As in half-precision.test.ts: float16 operands and values.
  ['float16 without subgroups', { precision: 'f16', lesser: { limits, hiddenFeatures: withoutSubgroups }, most: 1e-3 }],
  ['float16 with all features and little workgroup memory', { precision: 'f16', lesser: { limits }, most: 1e-3 }],
]; // biome-ignore format: a table

describe.skipIf(absent !== undefined).each(adapters)(
  `%s (here: ${absent ?? 'present'})`,
  (_, { precision, lesser, most }) => {
    it.each(['attention', 'depthwise', 'residual'])('scores the network %s as onnxruntime does', async (name) => {
      await using runtime = await openRuntime({ prefer: 'webgpu', precision, lesser, checkHalf: false });
      const { x, y } = goldenOf(name);
      await using model = await runtime.loadOnnx(goldenBytes(name), { batch: 3, readExternal: readGoldenExternal });
      const { y: actual } = await model.run({ x });
      expect(cosine(actual!.data, y.data)).toBeGreaterThanOrEqual(0.999);
      expect(Math.max(...actual!.data.map((value, i) => Math.abs(value - y.data[i]!)))).toBeLessThanOrEqual(most);
    });
  },
);

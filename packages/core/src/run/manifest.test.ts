import type { Manifest } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import type { RunPlan } from '../plan/run-plan.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { checkUnchanged, withRuntime } from './manifest.ts';

type Runtime = NonNullable<Manifest['runtime']>;
const native: Runtime = { backend: 'native', adapter: 'a CPU', rejected: [] };
const gpu: Runtime = { backend: 'webgpu', adapter: 'a GPU', rejected: [] };
const half: Runtime = { ...gpu, precision: 'f16' };
const brief: Runtime = { ...native, precision: 'bf16' };

const manifestOf = (runtime: Runtime | null): Manifest =>
  ({ runtime, plugins: [], planned: { samples: 2, authentic: 0 } }) as unknown as Manifest;
const loadedOn = (runtime: Runtime | null): LoadedStudy => ({ runtime }) as LoadedStudy;

describe('the runtime of a call that goes on with a run', () => {
  it('is recorded where it is another one, once', () => {
    const first = manifestOf(native);
    expect(withRuntime(first, loadedOn({ ...native, rejected: [{ backend: 'webgpu', reason: 'no adapter' }] }))).toBe(first);
    expect(withRuntime(first, loadedOn(null))).toBe(first);
    const older = manifestOf({ ...native, adapter: 'a CPU, 1 threads' });
    expect(withRuntime(older, loadedOn({ ...native, adapter: 'a CPU, 1 thread' }))).toBe(older);
    expect(withRuntime(older, loadedOn({ ...native, adapter: 'a CPU, 2 threads' }))).not.toBe(older);
    const second = withRuntime(first, loadedOn(gpu));
    expect(second).toMatchObject({ runtime: native, laterRuntimes: [gpu] });
    expect(withRuntime(second, loadedOn(gpu))).toBe(second);
    expect(withRuntime(second, loadedOn(half)).laterRuntimes).toEqual([gpu, half]);
    expect(withRuntime(first, loadedOn(brief)).laterRuntimes).toEqual([brief]);
  });

  it('is that of the run where the run had none', () => {
    expect(withRuntime(manifestOf(null), loadedOn(gpu))).toEqual(manifestOf(gpu));
  });

  it('may be another backend, and not another precision', () => {
    const plan = { plugins: [], samples: 2, authentic: [] } as unknown as RunPlan;
    for (const runtime of [native, gpu, null, { ...gpu, precision: 'f32' as const }])
      expect(() => checkUnchanged(manifestOf(native), plan, runtime)).not.toThrow();
    expect(() => checkUnchanged(manifestOf(null), plan, half)).not.toThrow();
    expect(() => checkUnchanged(manifestOf(native), plan, half)).toThrow('networks were computed in f32, now in f16');
    expect(() => checkUnchanged(manifestOf(half), plan, gpu)).toThrow('networks were computed in f16, now in f32');
    expect(() => checkUnchanged(manifestOf(native), plan, brief)).toThrow('networks were computed in f32, now in bf16');
    expect(() => checkUnchanged(manifestOf(brief), plan, half)).toThrow('networks were computed in bf16, now in f16');
    expect(() => checkUnchanged(manifestOf(brief), plan, { ...brief, adapter: 'another CPU' })).not.toThrow();
  });
});

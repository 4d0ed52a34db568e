/** Forms of exporters and quantisers that import has a rule for, against onnxruntime: goldens/onnx/make-forms.py. */
import { describe, expect, it, vi } from 'vitest';
import { listedGoldens } from '../testing/listed-goldens.ts';
import { openedBackend } from '../testing/opened-backend.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

const goldens = listedGoldens('forms');
/** Most forms become steps that have cases of their own on every backend; these become steps in a new way. */
const onGpu = ['pool-beyond', 'pool-beyond-padded', 'distances', 'merged-equation', 'integers-weight-first'];

describe.each(['reference', 'native', 'webgpu'] as const)('forms of exporters on %s', async (name) => {
  const backend = await openedBackend(name);
  if (backend === undefined) return;

  it.each(name === 'webgpu' ? onGpu : goldens.names)('%s gives what onnxruntime gives', (golden) =>
    goldens.expectEqual(backend, golden),
  );

  it.each(['factors-of-channels', 'factors-of-layers'])('%s are part of the weights', (golden) => {
    expect(goldens.planned(golden).plan.steps.filter(({ op }) => op === 'binary')).toEqual([]);
  });

  it('places that are the same for every item are not compared as the network runs', () => {
    const ops = goldens.planned('part-of-an-item').plan.steps.map(({ op }) => op);
    expect(ops).toContain('gather');
    expect(ops.filter((op) => ['select', 'reduce'].includes(op))).toEqual([]);
  });
});

/** Trees, support vectors and distances as heads have them, on thresholds too, against onnxruntime: goldens/onnx/make-heads.py. */
import { describe, expect, it, vi } from 'vitest';
import { listedGoldens } from '../testing/listed-goldens.ts';
import { openedBackend } from '../testing/opened-backend.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

const goldens = listedGoldens('heads');
/** One of each form; their steps have cases of their own. */
const onGpu = ['trees-mixed', 'trees-eq', 'classes-partly', 'classes-opposite', 'tree-ensemble', 'svm-rbf-probabilities', 'svm-poly-two', 'distances-scan-cubes', 'lookup-near', 'lookup-far', 'lookup-columns', 'discriminants', 'normalizer-max', 'normalizer-l1', 'normalizer-l2']; // biome-ignore format: a list

describe.each(['reference', 'native', 'webgpu'] as const)('heads of scikit-learn on %s', async (name) => {
  const backend = await openedBackend(name);
  if (backend === undefined) return;

  it.each(name === 'webgpu' ? onGpu : goldens.names)('%s gives what onnxruntime gives', (golden) =>
    goldens.expectEqual(backend, golden),
  );
});

describe('trees', () => {
  it('are walked a level at a time, all at once', () => {
    const ops = goldens.planned('trees-leq').plan.steps.map(({ op }) => op);
    expect(ops.filter((op) => op === 'gather').length).toBeLessThanOrEqual(4 * 3 + 1);
  });
});

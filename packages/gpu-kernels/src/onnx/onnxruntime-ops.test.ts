/** Ops and networks as onnxruntime's optimiser writes them, against onnxruntime: goldens/onnx/make-onnxruntime.py. */
import { describe, expect, it, vi } from 'vitest';
import { listedGoldens } from '../testing/listed-goldens.ts';
import { openedBackend } from '../testing/opened-backend.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

const goldens = listedGoldens('onnxruntime');
/** Software Vulkan compiles a kernel a test on the CPU, and all ops are written as steps that have their own cases there. */
const onGpu = goldens.names.filter((golden) => /^(network|attention|fused-conv|skip-group)/.test(golden));

describe.each(['reference', 'native', 'webgpu'] as const)('ops of onnxruntime on %s', async (name) => {
  const backend = await openedBackend(name);
  if (backend === undefined) return;

  it.each(name === 'webgpu' ? onGpu : goldens.names)('%s gives what onnxruntime gives', (golden) =>
    goldens.expectEqual(backend, golden),
  );

  it('an attention layer is one step', () => {
    const stepsOf = (golden: string): string[] => goldens.planned(golden).plan.steps.map(({ op }) => op);
    for (const golden of [
      'attention',
      'multi-head-attention',
      'multi-head-attention-past',
      'attention-causal',
      'group-query-attention',
      'group-query-attention-window',
    ])
      expect(stepsOf(golden)).not.toContain('softmax');
    expect(stepsOf('network-transformer-fused').filter((op) => op === 'attention')).toHaveLength(2);
  });
});

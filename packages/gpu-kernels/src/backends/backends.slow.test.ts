/** The kernel cases that `backends.test.ts` leaves out on WebGPU: software takes minutes to compile their variants. */
import { describe, it, vi } from 'vitest';
import { allCases } from '../kernels/all-cases.ts';
import { representativeCases } from '../kernels/representative-cases.ts';
import { expectAsReference } from '../testing/as-reference.ts';
import { openedBackend } from '../testing/opened-backend.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

// Dawn then keeps its own bounds checks, so that an index of ours that leaves a buffer cannot pass by luck.
process.env.DIPTYCH_WEBGPU = 'checked';

const left = allCases.filter((given) => !representativeCases.includes(given));

describe('webgpu backend, all cases', async () => {
  const backend = await openedBackend('webgpu');
  if (backend === undefined) return;

  it.each(left)('$name', (given) => expectAsReference(backend, given));
});

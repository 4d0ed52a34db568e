/** The memory of a plan on the device: values by slot, weights, the runs' uniform. */
import { assignMemory } from '../../graph/memory.ts';
import type { Plan } from '../../graph/plan.ts';
import type { BufferReference } from '../../kernels/kernel.ts';
import { bindingAlignment, usage } from './buffers.ts';
import type { BufferSet } from './memory.ts';

export interface Resources {
  /** Buffer of each value. */
  readonly values: readonly GPUBuffer[];
  readonly uniform: GPUBuffer;
  find(reference: BufferReference): GPUBuffer;
}

/**
 * One buffer a slot, not one arena for all: WebGPU refuses a dispatch that reads one part of a buffer and writes another.
 */
export function allocate(
  device: GPUDevice,
  buffers: BufferSet,
  plan: Plan,
  weights: readonly Float32Array[],
  dispatches: number,
): Resources {
  const storage = usage.storage | usage.copyTarget | usage.copySource;
  const { slotOf, slotSizes } = assignMemory(plan);
  const slots = slotSizes.map((size) => buffers.create(Math.max(16, size * plan.batch * 4), storage));
  const zero = buffers.create(16, storage);
  const uniform = buffers.create(Math.max(1, dispatches) * bindingAlignment, usage.uniform | usage.copyTarget);
  const weightBuffers = new Map(
    plan.weights.map(({ name }, index) => {
      const buffer = buffers.create(Math.max(16, weights[index]!.byteLength), storage);
      device.queue.writeBuffer(buffer, 0, weights[index]! as Float32Array<ArrayBuffer>);
      return [name, buffer];
    }),
  );
  const values = slotOf.map((slot) => slots[slot]!);
  return {
    values,
    uniform,
    find: (reference) => {
      if (reference === 'zero') return zero;
      return 'value' in reference ? values[reference.value]! : weightBuffers.get(reference.weight)!;
    },
  };
}

/** The memory of a plan on the device: values by slot, weights in the forms that kernels read, the runs' uniform. */
import { assignMemory } from '../../graph/memory.ts';
import type { Plan } from '../../graph/plan.ts';
import type { BufferReference, Dispatch, Storage } from '../../kernels/kernel.ts';
import { alignUp, bindingAlignment, usage } from './buffers.ts';
import { halfMatrix, halfMatrixKey } from './half-matrix.ts';
import type { BufferSet } from './memory.ts';

const storage = usage.storage | usage.copyTarget | usage.copySource;

/** Numbers of each weight; of one that was joined from several, theirs in order. */
export type WeightParts = ReadonlyMap<string, readonly Float32Array[]>;

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
  weights: WeightParts,
  storageOf: readonly Storage[],
  dispatches: readonly Dispatch[],
): Resources {
  const { slotOf, slotSizes } = assignMemory(plan, (id) => (storageOf[id] === 'f16' ? 0.5 : 1));
  const slots = slotSizes.map((size) => buffers.create(alignUp(Math.max(16, size * plan.batch * 4), 16), storage));
  const values = slotOf.map((slot) => slots[slot]!);
  const zero = buffers.create(16, storage);
  const uniform = buffers.create(Math.max(1, dispatches.length) * bindingAlignment, usage.uniform | usage.copyTarget);
  const scratchSizes = dispatches.flatMap(({ bindings }) =>
    bindings.map((reference) => (typeof reference === 'object' && 'scratch' in reference ? reference.scratch : 0)),
  );
  const scratch = buffers.create(Math.max(16, ...scratchSizes.map((numbers) => alignUp(numbers * 4, 16))), storage);
  const constants = new Constants(device, buffers, weights);
  return {
    values,
    uniform,
    find: (reference) => {
      if (reference === 'zero') return zero;
      if ('scratch' in reference) return scratch;
      return 'value' in reference ? values[reference.value]! : constants.find(reference);
    },
  };
}

type WeightReference = Exclude<BufferReference, 'zero' | { readonly value: number } | { readonly scratch: number }>;

/** Weights on the device, uploaded when a kernel first asks: one that only half-precision products read is there once, in halves. */
class Constants {
  readonly #device: GPUDevice;
  readonly #buffers: BufferSet;
  readonly #data: WeightParts;
  readonly #uploaded = new Map<string, GPUBuffer>();

  constructor(device: GPUDevice, buffers: BufferSet, weights: WeightParts) {
    this.#device = device;
    this.#buffers = buffers;
    this.#data = weights;
  }

  find(reference: WeightReference): GPUBuffer {
    const key = keyOf(reference);
    const known = this.#uploaded.get(key);
    if (known !== undefined) return known;
    const data = this.#read(reference);
    const buffer = this.#buffers.create(alignUp(Math.max(16, data.byteLength), 16), storage);
    this.#device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>);
    this.#uploaded.set(key, buffer);
    return buffer;
  }

  #read(reference: WeightReference): Float32Array | Uint16Array {
    if ('halves' in reference) return halfMatrix(reference.halves, this.#data.get(reference.halves.weight)!);
    if ('weight' in reference) return joined(this.#data.get(reference.weight)!);
    const { weight, from, to } = reference.rows;
    return joined(this.#data.get(weight)!).subarray(from, to);
  }
}

function keyOf(reference: WeightReference): string {
  if ('halves' in reference) return halfMatrixKey(reference.halves);
  if ('weight' in reference) return reference.weight;
  const { weight, from, to } = reference.rows;
  return `${weight} from ${from} to ${to}`;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

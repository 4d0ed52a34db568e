/** Buffers that grow and never shrink, so that a steady stream of batches allocates nothing. */
import type { DeviceMemory } from './memory.ts';

/** GPUBufferUsage; Dawn for Node puts no such constants on the global object. */
export const usage = { mapRead: 1, mapWrite: 2, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

/** WebGPU's strictest offset alignment of a binding. */
export const bindingAlignment = 256;
export const alignUp = (size: number, alignment: number): number => Math.ceil(size / alignment) * alignment;

/** Below this the queue's own way is as good as a mapped buffer: small writes share a ring of Dawn's. */
export const smallestUpload = 2 ** 20;

export class GrowingBuffer {
  readonly #memory: DeviceMemory;
  readonly #usage: number;
  #buffer: GPUBuffer | undefined;

  constructor(memory: DeviceMemory, bufferUsage: number) {
    this.#memory = memory;
    this.#usage = bufferUsage;
  }

  /** A buffer of at least `size` bytes; what an earlier, smaller one held is gone, once what was submitted has read it. */
  atLeast(size: number): GPUBuffer {
    if (this.#buffer === undefined || this.#buffer.size < size) {
      this.destroy();
      this.#buffer = this.#memory.create(alignUp(Math.max(size, 16), 16), this.#usage);
    }
    return this.#buffer;
  }

  destroy(): void {
    if (this.#buffer !== undefined) this.#memory.destroy(this.#buffer);
    this.#buffer = undefined;
  }
}

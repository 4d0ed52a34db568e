/**
 * Buffers through which inputs go to the device: filled while they are mapped, copied from by the run's commands, and mapped
 * again when those are done. `writeBuffer` would allocate such a buffer for each large input anew.
 */
import { alignUp, usage } from './buffers.ts';
import type { DeviceMemory } from './memory.ts';

/** Below this the queue's own way is as good: small writes share a ring of Dawn's. */
const smallestUpload = 2 ** 20;

export class Uploads {
  readonly #memory: DeviceMemory;
  /** Mapped. */
  readonly #free: GPUBuffer[] = [];
  /** Copied from by commands that were not submitted yet. */
  readonly #encoded: GPUBuffer[] = [];
  readonly #inFlight = new Set<Promise<void>>();

  constructor(memory: DeviceMemory) {
    this.#memory = memory;
  }

  /** The first bytes of `target`, whose length is a multiple of 4, for what is encoded or submitted after this. */
  write(encoder: GPUCommandEncoder, target: GPUBuffer, data: Uint8Array | Float32Array): void {
    const size = data.byteLength;
    if (size < smallestUpload) {
      this.#memory.device.queue.writeBuffer(target, 0, data as Uint8Array<ArrayBuffer>);
      return;
    }
    const buffer = this.#take(size);
    this.#encoded.push(buffer);
    new Uint8Array(buffer.getMappedRange(0, alignUp(size, 4))).set(new Uint8Array(data.buffer, data.byteOffset, size));
    buffer.unmap();
    encoder.copyBufferToBuffer(buffer, 0, target, 0, size);
  }

  /** To be called when the commands are submitted. */
  submitted(): void {
    for (const buffer of this.#encoded.splice(0)) {
      const mapped = buffer.mapAsync(2).then(
        () => void this.#free.push(buffer),
        () => this.#memory.destroy(buffer), // the device is lost, or was refused the buffer
      );
      this.#inFlight.add(mapped);
      void mapped.then(() => this.#inFlight.delete(mapped));
    }
  }

  #take(size: number): GPUBuffer {
    const fitting = this.#free.findIndex((buffer) => buffer.size >= size);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0]!;
    const small = this.#free.pop();
    if (small !== undefined) this.#memory.destroy(small);
    return this.#memory.createMapped(alignUp(size, 16), usage.mapWrite | usage.copySource);
  }

  /** Waits for the runs in flight. */
  async destroy(): Promise<void> {
    this.submitted();
    await Promise.all(this.#inFlight);
    for (const buffer of this.#free.splice(0)) this.#memory.destroy(buffer);
  }
}

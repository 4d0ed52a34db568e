/**
 * Buffers through which inputs go to the device: filled while they are mapped, copied from by the run's commands, and mapped
 * again when those are done. `writeBuffer` would allocate such a buffer for each large input anew.
 */
import { alignUp, smallestUpload, usage } from './buffers.ts';
import type { DeviceMemory } from './memory.ts';
import type { Piece } from './messages.ts';

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

  /** The first `length` bytes of `target`, a multiple of 4, for what is encoded or submitted after this; few in one piece alone. */
  write(encoder: GPUCommandEncoder, target: GPUBuffer, length: number, pieces: readonly Piece[]): void {
    if (length < smallestUpload) {
      for (const { offset, bytes } of pieces)
        this.#memory.device.queue.writeBuffer(target, offset, bytes as Uint8Array<ArrayBuffer>);
      return;
    }
    const buffer = this.#take(length);
    this.#encoded.push(buffer);
    const mapped = new Uint8Array(buffer.getMappedRange(0, alignUp(length, 4)));
    for (const { offset, bytes } of pieces) mapped.set(bytes, offset);
    buffer.unmap();
    encoder.copyBufferToBuffer(buffer, 0, target, 0, length);
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

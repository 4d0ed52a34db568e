/** Buffers that scores are copied into and mapped from: one for each run in flight, so that a batch computes while the one before it is read. */
import { alignUp, usage } from './buffers.ts';
import type { DeviceMemory } from './memory.ts';

/** Batches between submission and readback: one is read, one computes, one is uploaded. */
const mostInFlight = 3;

export class Readbacks {
  readonly #memory: DeviceMemory;
  readonly #free: GPUBuffer[] = [];
  readonly #inFlight = new Set<Promise<unknown>>();

  constructor(memory: DeviceMemory) {
    this.#memory = memory;
  }

  /** Waits until another run may be submitted. */
  async turn(): Promise<void> {
    while (this.#inFlight.size >= mostInFlight) await Promise.race(this.#inFlight);
  }

  take(size: number): GPUBuffer {
    const free = this.#free.pop();
    if (free !== undefined && free.size >= size) return free;
    if (free !== undefined) this.#memory.destroy(free);
    return this.#memory.create(alignUp(Math.max(size, 16), 16), usage.mapRead | usage.copyTarget);
  }

  /** The first `size` bytes of a buffer that was taken, once the GPU has written them; the buffer is given back. */
  read(buffer: GPUBuffer, size: number, reported: Promise<void>): Promise<ArrayBuffer> {
    const reading = this.#read(buffer, size, reported);
    const settled = reading.then(
      () => this.#free.push(buffer),
      () => this.#memory.destroy(buffer), // its state is unknown
    );
    this.#inFlight.add(settled);
    void settled.then(() => this.#inFlight.delete(settled));
    return reading;
  }

  async #read(buffer: GPUBuffer, size: number, reported: Promise<void>): Promise<ArrayBuffer> {
    const mapped = buffer.mapAsync(1, 0, size);
    // What was refused is the better reason where both fail.
    await Promise.all([reported, mapped.catch(() => undefined)]);
    await mapped;
    const bytes = buffer.getMappedRange(0, size).slice(0);
    buffer.unmap();
    return bytes;
  }

  /** Waits for the runs in flight. */
  async destroy(): Promise<void> {
    await Promise.all(this.#inFlight);
    for (const buffer of this.#free.splice(0)) this.#memory.destroy(buffer);
  }
}

/** Makes buffers and counts them. Owners hold a `BufferSet` and give everything back at once. */
import { DiptychError } from '@diptych/plugin-kit/runtime';

export class DeviceMemory {
  readonly device: GPUDevice;
  readonly #limit: number;
  #used = 0;

  /** `limit` stands for the memory of a smaller GPU; without one the driver says when there is no more. */
  constructor(device: GPUDevice, limit = Number.POSITIVE_INFINITY) {
    this.device = device;
    this.#limit = limit;
  }

  create(size: number, usage: number): GPUBuffer {
    this.#count(size);
    return this.device.createBuffer({ size, usage });
  }

  /** For the host to write; what is mapped at once is refused at once, not through the error scopes. */
  createMapped(size: number, usage: number): GPUBuffer {
    this.#count(size);
    try {
      return this.device.createBuffer({ size, usage, mappedAtCreation: true });
    } catch (cause) {
      this.#used -= size;
      throw outOfMemory(`${size} bytes that the host can write (${String(cause)})`);
    }
  }

  #count(size: number): void {
    if (this.#used + size > this.#limit) throw outOfMemory(`${this.#used + size} bytes, there are ${this.#limit}`);
    this.#used += size;
  }

  destroy(buffer: GPUBuffer): void {
    this.#used -= buffer.size;
    buffer.destroy();
  }
}

export class BufferSet {
  readonly #memory: DeviceMemory;
  readonly #buffers: GPUBuffer[] = [];

  constructor(memory: DeviceMemory) {
    this.#memory = memory;
  }

  create(size: number, usage: number): GPUBuffer {
    const buffer = this.#memory.create(size, usage);
    this.#buffers.push(buffer);
    return buffer;
  }

  destroy(): void {
    for (const buffer of this.#buffers.splice(0)) this.#memory.destroy(buffer);
  }
}

export const outOfMemory = (reason: string): DiptychError =>
  new DiptychError('OUT_OF_MEMORY', `The GPU has too little memory: ${reason}. Use a smaller batch or --backend native.`);

/** Buffers that grow and never shrink, so that a steady stream of batches allocates nothing. */

/** GPUBufferUsage; Dawn for Node puts no such constants on the global object. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

/** WebGPU's strictest offset alignment of a binding. */
export const bindingAlignment = 256;
export const alignUp = (size: number, alignment: number): number => Math.ceil(size / alignment) * alignment;

export class GrowingBuffer {
  readonly #device: GPUDevice;
  readonly #usage: number;
  #buffer: GPUBuffer | undefined;

  constructor(device: GPUDevice, bufferUsage: number) {
    this.#device = device;
    this.#usage = bufferUsage;
  }

  /** A buffer of at least `size` bytes; what an earlier, smaller one held is gone. */
  atLeast(size: number): GPUBuffer {
    if (this.#buffer === undefined || this.#buffer.size < size) {
      this.#buffer?.destroy();
      this.#buffer = this.#device.createBuffer({ size: alignUp(Math.max(size, 16), 16), usage: this.#usage });
    }
    return this.#buffer;
  }

  destroy(): void {
    this.#buffer?.destroy();
    this.#buffer = undefined;
  }
}

/** Runs `work` and throws what WebGPU reports asynchronously: OUT_OF_MEMORY or a validation error of ours. */
export async function withErrorScopes<T>(
  device: GPUDevice,
  fail: (kind: 'memory' | 'validation', message: string) => Error,
  work: () => Promise<T>,
): Promise<T> {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    throw error;
  }
  const [memory, validation] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  if (memory !== null) throw fail('memory', memory.message);
  if (validation !== null) throw fail('validation', validation.message);
  return result;
}

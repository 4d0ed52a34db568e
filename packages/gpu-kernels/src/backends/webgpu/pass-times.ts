/** Times compute passes on the device's own clock: two timestamps a pass, resolved behind the run's commands. */
import { alignUp, bindingAlignment, usage } from './buffers.ts';
import type { BufferSet } from './memory.ts';

/** WebGPU's largest query set. */
const setSize = 4096;
const queryResolve = 512;

export class PassTimes {
  readonly bytes: number;
  readonly #sets: readonly GPUQuerySet[];
  readonly #resolved: GPUBuffer;

  constructor(device: GPUDevice, buffers: BufferSet, passes: number) {
    this.bytes = passes * 16;
    const counts = Array.from({ length: Math.ceil((passes * 2) / setSize) }, (_, index) => Math.min(setSize, passes * 2 - index * setSize)); // biome-ignore format: one step
    this.#sets = counts.map((count) => device.createQuerySet({ type: 'timestamp', count }));
    this.#resolved = buffers.create(alignUp(Math.max(this.bytes, 16), bindingAlignment), queryResolve | usage.copySource);
  }

  /** For the descriptor of pass number `pass`. */
  writes(pass: number): GPUComputePassTimestampWrites {
    const index = (pass * 2) % setSize;
    const querySet = this.#sets[Math.floor((pass * 2) / setSize)]!;
    return { querySet, beginningOfPassWriteIndex: index, endOfPassWriteIndex: index + 1 };
  }

  copyTo(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number): void {
    for (const [index, set] of this.#sets.entries())
      encoder.resolveQuerySet(set, 0, set.count, this.#resolved, index * setSize * 8);
    encoder.copyBufferToBuffer(this.#resolved, 0, target, offset, this.bytes);
  }

  /** Start and end of each pass in milliseconds, from the bytes that `copyTo` wrote. */
  static read(bytes: ArrayBuffer): readonly (readonly [start: number, end: number])[] {
    const ticks = new BigUint64Array(bytes);
    const milliseconds = (tick: bigint): number => Number(tick) / 1e6; // nanoseconds
    return Array.from({ length: ticks.length / 2 }, (_, pass) => [milliseconds(ticks[2 * pass]!), milliseconds(ticks[2 * pass + 1]!)]); // biome-ignore format: one step
  }

  destroy(): void {
    for (const set of this.#sets) set.destroy();
  }
}

/**
 * Shared memory for decoded pixels, used again once an image is released. V8 counts other memory of buffers and answers 64 MB of
 * it, some thirty images, with a full collection; of shared memory it knows nothing, so that what is never released must be few.
 */

/** Beyond the first no more is given out; beyond the second what comes back is dropped, and collected some day. */
const [mostGiven, mostKept] = [2 ** 30, 2 ** 28];

export class PixelMemory {
  readonly #free: SharedArrayBuffer[] = [];
  #given = 0;
  /** Of those that nobody gave back. */
  readonly #lost = new FinalizationRegistry<number>((bytes) => {
    this.#given -= bytes;
  });

  /** At least `bytes` long, with what was there before; the smallest that fits and is not twice as large. Undefined: too much is out. */
  take(bytes: number): SharedArrayBuffer | undefined {
    if (this.#given + bytes > mostGiven) return undefined;
    const fitting = this.#free.filter(({ byteLength }) => byteLength >= bytes && byteLength <= 2 * bytes);
    const best = fitting.reduce<SharedArrayBuffer | undefined>((least, one) => (least && least.byteLength <= one.byteLength ? least : one), undefined); // biome-ignore format: one expression
    if (best !== undefined) this.#free.splice(this.#free.indexOf(best), 1);
    const memory = best ?? new SharedArrayBuffer(bytes);
    this.#given += memory.byteLength;
    this.#lost.register(memory, memory.byteLength, memory);
    return memory;
  }

  /** The oldest make way. */
  give(memory: SharedArrayBuffer): void {
    if (!this.#lost.unregister(memory)) return; // given back before
    this.#given -= memory.byteLength;
    this.#free.push(memory);
    let kept = this.#free.reduce((sum, { byteLength }) => sum + byteLength, 0);
    while (kept > mostKept) kept -= this.#free.shift()!.byteLength;
  }
}

/** Of this process. */
export const pixelMemory = new PixelMemory();

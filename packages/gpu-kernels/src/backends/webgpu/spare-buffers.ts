/**
 * Memory that inputs were packed into and that comes back from the worker once it was copied to the device. Fresh memory costs
 * more than the copy into it: packing 126 MB of images took 89 ms of processor time into a new buffer and 21 ms into a used one.
 */

/** Smaller ones are not worth keeping; more than these would be memory that nobody uses. */
const [smallestBytes, mostKept] = [2 ** 20, 4];

export class SpareBuffers {
  readonly #free: ArrayBuffer[] = [];

  /** At least `bytes` long, not zeroed. The smallest that fits, unless it is more than twice as large. */
  take(bytes: number): ArrayBuffer {
    const fitting = this.#free.filter(({ byteLength }) => byteLength >= bytes && byteLength <= 2 * bytes);
    const best = fitting.toSorted((a, b) => a.byteLength - b.byteLength)[0];
    if (best === undefined) return new ArrayBuffer(bytes);
    this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }

  /** The oldest make way. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength < smallestBytes) return;
    this.#free.push(buffer);
    if (this.#free.length > mostKept) this.#free.shift();
  }
}

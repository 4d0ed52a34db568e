import { createHash } from 'node:crypto';

/** Slots are at most three quarters full, so that probing stays short. */
const fullest = 0.75;

/**
 * A set of texts that keeps 16 bytes of SHA-256 of each in one typed array: a million texts of any length take 32 MB,
 * and two different ones count as equal with a chance of 10^-27.
 */
export class DigestSet {
  #slots = new Uint32Array(4 * 1024);
  #size = 0;

  /** True where the text was not in the set before. */
  add(text: string): boolean {
    if ((this.#size + 1) * 4 > this.#slots.length * fullest) this.#grow();
    const bytes = createHash('sha256').update(text).digest();
    // An empty slot is all zeros; the lowest bit of the first word is given up to keep every digest apart from it.
    const words = [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at)) as [number, number, number, number];
    words[0] = (words[0] | 1) >>> 0;
    const isNew = insert(this.#slots, words);
    if (isNew) this.#size += 1;
    return isNew;
  }

  get size(): number {
    return this.#size;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 4)
      if (old[at] !== 0) insert(this.#slots, [old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!]);
  }
}

function insert(slots: Uint32Array, [a, b, c, d]: readonly [number, number, number, number]): boolean {
  const mask = slots.length / 4 - 1;
  for (let slot = b & mask; ; slot = (slot + 1) & mask) {
    const at = slot * 4;
    if (slots[at] === 0) {
      slots.set([a, b, c, d], at);
      return true;
    }
    if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c && slots[at + 3] === d) return false;
  }
}

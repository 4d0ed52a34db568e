/** Remembers keys in growing bit sets, so that a million records cost a few hundred kilobytes. */
export class SeenRecords {
  readonly #groups = new Map<string, Uint8Array>();
  readonly #counts = new Map<string, number>();

  has(group: string, index: number): boolean {
    const bits = this.#groups.get(group);
    return bits !== undefined && ((bits[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Number of keys in a group. */
  count(group: string): number {
    return this.#counts.get(group) ?? 0;
  }

  /** Returns true for the first record of a key. */
  add(group: string, index: number): boolean {
    if (this.has(group, index)) return false;
    this.#counts.set(group, this.count(group) + 1);
    let bits = this.#groups.get(group);
    const needed = (index >>> 3) + 1;
    if (!bits || bits.length < needed) {
      const grown = new Uint8Array(Math.max(1024, 2 ** Math.ceil(Math.log2(needed))));
      grown.set(bits ?? []);
      this.#groups.set(group, grown);
      bits = grown;
    }
    bits[index >>> 3]! |= 1 << (index & 7);
    return true;
  }
}

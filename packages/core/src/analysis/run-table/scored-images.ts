/**
 * Finds the sources that have images of which none has a score. Their refusals alone would make a rate of 0 of images that
 * nobody looked at, so such a source takes no part in a rate, alone or together with others.
 */
export class ScoredImages {
  readonly #scored = new Set<number>();
  readonly #unscored = new Set<number>();

  /** One image of a source, by its index in the run table. */
  add(source: number, isScored: boolean): void {
    (isScored ? this.#scored : this.#unscored).add(source);
  }

  /** `sources` (1 at the index of each that is counted) without those of which no image has a score; null where all may stay. */
  leaveOutOf(sources: Uint8Array): Uint8Array | null {
    const left = [...this.#unscored].filter((source) => sources[source] === 1 && !this.#scored.has(source));
    if (left.length === 0) return null;
    const rest = sources.slice();
    for (const source of left) rest[source] = 0;
    return rest;
  }
}

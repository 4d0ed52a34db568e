/** Counts the images of a group that have a score and those that should have one and do not. */
export class ScoredImages {
  #scored = 0;
  #unscored = 0;

  add(isScored: boolean): void {
    if (isScored) this.#scored += 1;
    else this.#unscored += 1;
  }

  /**
   * True where there are images and none has a score: the group has no rate then, because the refusals that remain would make
   * one of 0 of images that nobody looked at.
   */
  get isNoneScored(): boolean {
    return this.#scored === 0 && this.#unscored > 0;
  }
}

/**
 * What must not be parted between the images that a head is fitted on and those that it scores, beyond the cluster of a prompt:
 * prompts of the same text under two ids or in two sets, a prompt and its counterpart, a photograph whose group is that of
 * the prompt, as a caption's own photograph is, and a photograph under two names or in two sets. Intervals keep the prompt as
 * their unit. Synthetic images of the same bytes are not joined: a model that draws one picture for all prompts would leave one
 * group, and nothing to fit.
 */

/** 53 bits of two FNV-1a hashes (Fowler, Noll and Vo) over UTF-16 units, so that a million texts need no copy. A collision only joins two groups. */
function hashOf(text: string): number {
  let [first, second] = [0x811c9dc5, 0x9747b28c];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x01000193) ^ (first >>> 15);
  }
  return (first >>> 0) * 2 ** 21 + (second >>> 11);
}

/** Joins numbers of clusters that share a key. */
export class FoldGroups {
  readonly #parents: number[] = [];
  readonly #byKey = new Map<number, number>();

  join(cluster: number, key: string): void {
    const hash = hashOf(key);
    const other = this.#byKey.get(hash);
    if (other === undefined) this.#byKey.set(hash, cluster);
    else this.#parents[this.#rootOf(cluster)] = this.#rootOf(other);
  }

  #rootOf(cluster: number): number {
    let root = cluster;
    for (let parent = this.#parents[root]; parent !== undefined && parent !== root; parent = this.#parents[root])
      root = parent;
    this.#parents[cluster] = root;
    return root;
  }

  /** By cluster: the first of the names in its group, whatever the order of the records. */
  names(clusters: readonly string[]): string[] {
    const first = new Map<number, string>();
    clusters.forEach((name, cluster) => {
      const root = this.#rootOf(cluster);
      const known = first.get(root);
      if (known === undefined || name < known) first.set(root, name);
    });
    return clusters.map((_, cluster) => first.get(this.#rootOf(cluster))!);
  }
}

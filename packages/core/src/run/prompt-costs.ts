/** What rewriting and rating a prompt cost, until a sample of the prompt is journalled with it. */
export class PromptCosts {
  readonly #open = new Map<string, Record<string, number>>();

  /** `plugin` is `kind/alias`. */
  add(promptSet: string, promptId: string, { plugin, costUsd }: { plugin: string; costUsd: number }): void {
    const key = JSON.stringify([promptSet, promptId]);
    const costs = this.#open.get(key) ?? {};
    costs[plugin] = (costs[plugin] ?? 0) + costUsd;
    this.#open.set(key, costs);
  }

  /** The costs so far, each given once. */
  take(promptSet: string, promptId: string): Readonly<Record<string, number>> | undefined {
    const key = JSON.stringify([promptSet, promptId]);
    const costs = this.#open.get(key);
    this.#open.delete(key);
    return costs;
  }
}

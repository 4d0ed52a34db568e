/** Which values share memory: a value gives its slot back after its last reader, and a reshape is the memory of its input. */
import type { Plan } from './plan.ts';
import { sizeOf } from './shapes.ts';
import { valuesReadBy } from './tidy.ts';

export interface Memory {
  /** Slot of each value. */
  readonly slotOf: readonly number[];
  /** Words of 4 bytes an item that each slot holds. */
  readonly slotSizes: readonly number[];
}

/** `words` is the length of one number of a value: 1, or 0.5 where it is stored as float16. */
export function assignMemory(plan: Plan, words: (value: number) => number = () => 1): Memory {
  const roots = plan.values.map(({ id }) => id);
  for (const step of plan.steps) if (step.op === 'reshape') roots[step.output] = roots[step.x]!;
  const lastUse = new Map<number, number>();
  plan.steps.forEach((step, index) => {
    for (const id of [step.output, ...valuesReadBy(step)]) lastUse.set(roots[id]!, index);
  });
  for (const id of Object.values(plan.inputs)) if (!lastUse.has(roots[id]!)) lastUse.set(roots[id]!, 0);
  for (const { value } of Object.values(plan.outputs)) lastUse.set(roots[value]!, Number.POSITIVE_INFINITY);

  const slots = new SlotPool();
  const slotOf = new Map<number, number>();
  const take = (id: number): void => {
    if (!slotOf.has(roots[id]!)) slotOf.set(roots[id]!, slots.take(sizeOf(plan.values[id]!.shape) * words(id)));
  };
  for (const id of Object.values(plan.inputs)) take(id);
  plan.steps.forEach((step, index) => {
    take(step.output);
    for (const [root, last] of lastUse) {
      if (last !== index) continue;
      lastUse.delete(root);
      slots.give(slotOf.get(root)!);
    }
  });
  return { slotOf: roots.map((root) => slotOf.get(root)!), slotSizes: slots.sizes };
}

class SlotPool {
  readonly sizes: number[] = [];
  readonly #free = new Set<number>();

  /** The free slot that fits best, or the largest one grown, or a new one. */
  take(size: number): number {
    const free = [...this.#free].sort((a, b) => this.sizes[a]! - this.sizes[b]!);
    const slot = free.find((index) => this.sizes[index]! >= size) ?? free.at(-1) ?? this.sizes.push(0) - 1;
    this.#free.delete(slot);
    this.sizes[slot] = Math.max(this.sizes[slot]!, size);
    return slot;
  }

  give(slot: number): void {
    this.#free.add(slot);
  }
}

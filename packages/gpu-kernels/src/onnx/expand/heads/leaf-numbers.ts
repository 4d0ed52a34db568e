/** What the leaves that an item comes to give for each class or target. */
import { graphInvalid, opUnsupported } from '../../../graph/graph-errors.ts';
import type { Expansion } from '../expansion.ts';
import type { Forest } from './forest.ts';
import type { WeightedForest } from './read-trees.ts';
import { leavesOf } from './walk-trees.ts';

/** Numbers of all leaves for all classes or targets: 256 MB. */
const mostWeights = 2 ** 26;

export interface Leaves {
  /** `[items, trees, targets]`: what each leaf gives, 0 where it has no weight. */
  readonly numbers: string;
  /** The same, 1 where the leaf has a weight for the target. */
  readonly known: () => string;
  /** Whether each leaf has a weight for each target. */
  readonly isFull: boolean;
  /** Whether each item comes to a weight for each target, in some tree. */
  readonly isAlwaysGiven: () => boolean;
}

/** Leaves of each tree, which share no nodes: those of ai.onnx.ml 1 and 3. */
function* leavesByTree({ decisions, roots }: Forest): Generator<readonly number[]> {
  for (const root of roots) {
    const [stack, found, seen]: [number[], number[], Set<number>] = [[root], [], new Set([root])];
    while (stack.length > 0) {
      const at = stack.pop()!;
      const decision = decisions[at];
      if (decision === undefined) found.push(at - decisions.length);
      else
        for (const child of [decision.whenTrue, decision.whenFalse])
          if (!seen.has(child)) {
            seen.add(child);
            stack.push(child);
          }
    }
    yield found;
  }
}

/** Whether for each target some tree has a weight in all its leaves. */
function everyTarget(forest: Forest, isKnown: Uint8Array, targets: number): boolean {
  let missing = Array.from({ length: targets }, (_, target) => target);
  for (const leaves of leavesByTree(forest)) {
    if (missing.length === 0) break;
    missing = missing.filter((target) => !leaves.every((leaf) => isKnown[leaf * targets + target] === 1));
  }
  return missing.length === 0;
}

/** Throws where weights are of targets that there are not, or two of one leaf. */
export function leafNumbers(to: Expansion, { forest, weights }: WeightedForest, targets: number): Leaves {
  if (!(Number.isInteger(targets) && targets > 0)) throw graphInvalid(to.node, `${targets} targets.`);
  const size = forest.leaves * targets;
  if (size > mostWeights) throw opUnsupported(to.node, `${forest.leaves} leaves for ${targets} targets, at most ${mostWeights} numbers together are implemented`); // biome-ignore format: one condition
  const [table, isKnown] = [new Float32Array(size), new Uint8Array(size)];
  for (const { leaf, target, weight } of weights) {
    if (!(Number.isInteger(target) && target >= 0 && target < targets))
      throw graphInvalid(to.node, `a leaf has a weight for target ${target} of ${targets}.`);
    const at = leaf * targets + target;
    if (isKnown[at] === 1) throw opUnsupported(to.node, 'a leaf with two weights for one target');
    isKnown[at] = 1;
    table[at] = weight;
  }
  const leaves = leavesOf(to, forest);
  const gathered = (list: ArrayLike<number>): string =>
    to.add('Gather', [to.computed('float32', [forest.leaves, targets], (at) => list[at]!), leaves], { axis: 0 });
  const isFull = isKnown.every((known) => known === 1);
  return {
    numbers: gathered(table),
    known: () => gathered(isKnown),
    isFull,
    isAlwaysGiven: () => isFull || everyTarget(forest, isKnown, targets),
  };
}

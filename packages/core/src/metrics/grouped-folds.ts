/** Splits samples into folds so that no group (caption, photograph) is cut and every fold has nearly the same mix of classes. */
import { requireCount, requireSameLength } from './inputs.ts';
import { createRandom } from './random.ts';

export interface FoldOptions {
  readonly labels: readonly (0 | 1)[];
  /**
   * Group of each sample: what one group holds is never on both sides of a split. Samples that resemble each other belong in one
   * group **even if their labels differ**: a photograph and the fakes of its caption, if parted, drag AUROC under 0.5 without signal,
   * as each is scored by a model that saw its likeness with the other label.
   */
  readonly groups: readonly string[];
  /** At most this many, at least 2; default 5. */
  readonly folds?: number;
  readonly seed: number;
}

export type FoldAssignment =
  | { readonly status: 'assigned'; readonly folds: Int32Array; readonly foldCount: number }
  | { readonly status: 'unavailable'; readonly reason: string };

/**
 * Groups in random order, larger ones first, each to the fold where the classes then deviate least from an even share:
 * the greedy rule known from scikit-learn's `StratifiedGroupKFold`. Even class shares matter: a fold with fewer positives
 * than its training part is scored by a model with a higher intercept, which drags a pooled AUROC under 0.5 without any signal
 * (Parker, Günter and Bedo, BMC Bioinformatics 8:326, 2007).
 * Fewer folds are made where a class lies in fewer groups; below two groups a class cannot be both trained and tested on.
 */
export function assignGroupedFolds({ labels, groups, folds = 5, seed }: FoldOptions): FoldAssignment {
  requireSameLength({ labels: labels.length, groups: groups.length });
  requireCount(folds, 2, 'folds');
  const counts = countByGroup(labels, groups);
  const foldCount = Math.min(folds, groupsWith(counts, 0), groupsWith(counts, 1));
  if (foldCount < 2) {
    const scarce = groupsWith(counts, 1) < 2 ? 1 : 0;
    return {
      status: 'unavailable',
      reason: `label ${scarce} lies in ${groupsWith(counts, scarce)} group(s); at least two are needed to train on one and test on another`,
    };
  }
  const foldOfGroup = distribute(counts, foldCount, seed);
  const assigned = Int32Array.from(groups, (group) => foldOfGroup.get(group)!);
  for (let fold = 0; fold < foldCount; fold++) {
    const trained = new Set(labels.filter((_, index) => assigned[index] !== fold));
    if (trained.size < 2)
      return {
        status: 'unavailable',
        reason: `the groups cannot be split so that every training part has both classes (fold ${fold + 1} of ${foldCount} holds all of one)`,
      };
  }
  return { status: 'assigned', folds: assigned, foldCount };
}

/** Samples of label 0 and of label 1. */
type ClassCounts = [number, number];

function countByGroup(labels: readonly (0 | 1)[], groups: readonly string[]): Map<string, ClassCounts> {
  const counts = new Map<string, ClassCounts>();
  groups.forEach((group, index) => {
    const entry = counts.get(group) ?? [0, 0];
    entry[labels[index]!]++;
    counts.set(group, entry);
  });
  return counts;
}

function groupsWith(counts: ReadonlyMap<string, ClassCounts>, label: 0 | 1): number {
  let groups = 0;
  for (const entry of counts.values()) if (entry[label] > 0) groups++;
  return groups;
}

function distribute(counts: ReadonlyMap<string, ClassCounts>, foldCount: number, seed: number): Map<string, number> {
  const random = createRandom(seed);
  // Sorted first: the same samples in another order must fall into the same folds.
  const shuffled = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, entry]) => ({ group, entry, place: random.nextUint32() }));
  shuffled.sort((a, b) => Math.max(...b.entry) - Math.max(...a.entry) || a.place - b.place);
  const filled = Array.from({ length: foldCount }, (): ClassCounts => [0, 0]);
  const foldOfGroup = new Map<string, number>();
  for (const { group, entry } of shuffled) {
    const fold = bestFold(filled, entry);
    filled[fold]![0] += entry[0];
    filled[fold]![1] += entry[1];
    foldOfGroup.set(group, fold);
  }
  return foldOfGroup;
}

/** The fold where adding the group raises the sum of squares of class counts least, that is, the one that is emptiest in its classes. */
function bestFold(filled: readonly ClassCounts[], [zeros, ones]: ClassCounts): number {
  let best = 0;
  let lowest = Number.POSITIVE_INFINITY;
  filled.forEach(([a, b], fold) => {
    const rise = zeros * (2 * a + zeros) + ones * (2 * b + ones);
    if (rise < lowest) [best, lowest] = [fold, rise];
  });
  return best;
}

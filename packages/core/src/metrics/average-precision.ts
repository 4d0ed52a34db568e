/** Average precision of a ranking. */
import { scoreGroups } from './roc.ts';

export interface AveragePrecision {
  /** In [0, 1]; null when a class is empty. */
  readonly value: number | null;
  /** Share of positives: what a ranking without information scores. AP depends on it, AUROC does not. */
  readonly baseline: number | null;
  readonly positives: number;
  readonly negatives: number;
}

/**
 * Σ (recall_k - recall_{k-1}) × precision_k over distinct scores from the highest down: the step sum, not a trapezoid,
 * which would be too kind (Davis and Goadrich, ICML 2006); the same definition as scikit-learn's `average_precision_score`.
 */
export function averagePrecision(positives: ArrayLike<number>, negatives: ArrayLike<number>): AveragePrecision {
  const sizes = { positives: positives.length, negatives: negatives.length };
  const groups = scoreGroups(positives, negatives);
  if (groups === null) return { value: null, baseline: null, ...sizes };
  let [above, falselyAbove, sum] = [0, 0, 0];
  groups.positiveCounts.forEach((count, group) => {
    above += count;
    falselyAbove += groups.negativeCounts[group]!;
    sum += count * (above / (above + falselyAbove));
  });
  return { value: sum / sizes.positives, baseline: sizes.positives / (sizes.positives + sizes.negatives), ...sizes };
}

/**
 * Agreement of judges on nominal labels. Kappa and alpha are 1 for perfect agreement, 0 for chance; they fall when one
 * category is rare, so the raw agreement and the prevalence of each category always come with them.
 */
import { invalidInput, requireSameLength } from './inputs.ts';

export interface Agreement {
  /** The coefficient, at most 1; null with a reason where it is undefined. */
  readonly coefficient: number | null;
  readonly reason: 'no-items' | 'one-category' | null;
  /** Share of agreeing pairs of labels of the same item, in [0, 1]; null without a pair. */
  readonly rawAgreement: number | null;
  /** Share of each category among all labels that were used. */
  readonly prevalence: Readonly<Record<string, number>>;
  /** Items that were used. */
  readonly items: number;
}

/** Cohen's kappa of two judges on the same items, unweighted (Educational and Psychological Measurement 20, 1960). */
export function cohenKappa(first: readonly string[], second: readonly string[]): Agreement {
  requireSameLength({ 'labels of the first judge': first.length, 'labels of the second judge': second.length });
  const items = first.length;
  const [left, right] = [countLabels(first), countLabels(second)];
  const observed = first.reduce((sum, label, item) => sum + (label === second[item] ? 1 : 0), 0) / items;
  let expected = 0;
  for (const [label, count] of left) expected += (count / items) * ((right.get(label) ?? 0) / items);
  return summarise(observed, expected, items, countLabels([...first, ...second]));
}

/**
 * Fleiss' kappa (Psychological Bulletin 76, 1971) of any number of judges. `labels[item]` holds every judge's label;
 * each item needs the same number of at least two, else `METRIC_INPUT_INVALID`: use `krippendorffAlpha` where judges abstain.
 */
export function fleissKappa(labels: readonly (readonly string[])[]): Agreement {
  const judges = labels[0]?.length ?? 2;
  labels.forEach((ofItem, item) => {
    if (ofItem.length !== judges || judges < 2)
      invalidInput(
        'the same number (two or more) of labels on every item',
        `${ofItem.length} on item ${item}`,
        'Use Krippendorff alpha where judges abstain.',
      );
  });
  const pooled = countLabels(labels.flat());
  const total = labels.length * judges;
  let agreeing = 0;
  for (const ofItem of labels) for (const count of countLabels(ofItem).values()) agreeing += count * (count - 1);
  let expected = 0;
  for (const count of pooled.values()) expected += (count / total) ** 2;
  return summarise(agreeing / (total * (judges - 1)), expected, labels.length, pooled);
}

/**
 * Krippendorff's alpha for nominal data with missing labels (`null`): 1 - D_o / D_e over the coincidence matrix
 * ("Content Analysis", 4th ed. 2018, chapter 12). Items with fewer than two labels cannot agree and are left out.
 */
export function krippendorffAlpha(labels: readonly (readonly (string | null)[])[]): Agreement {
  const pairable = labels.map((ofItem) => ofItem.filter((label) => label !== null)).filter((ofItem) => ofItem.length >= 2);
  const pooled = countLabels(pairable.flat());
  const total = pairable.reduce((sum, ofItem) => sum + ofItem.length, 0);
  let agreeing = 0;
  for (const ofItem of pairable)
    for (const count of countLabels(ofItem).values()) agreeing += (count * (count - 1)) / (ofItem.length - 1);
  let expected = 0;
  for (const count of pooled.values()) expected += (count / total) * ((count - 1) / (total - 1));
  return summarise(agreeing / total, expected, pairable.length, pooled);
}

/** (observed - expected) / (1 - expected), the form that all three share; they differ in what they expect by chance. */
function summarise(observed: number, expected: number, items: number, pooled: ReadonlyMap<string, number>): Agreement {
  if (items === 0) return { coefficient: null, reason: 'no-items', rawAgreement: null, prevalence: {}, items };
  const total = [...pooled.values()].reduce((sum, count) => sum + count, 0);
  const prevalence = Object.fromEntries([...pooled].sort(byName).map(([label, count]) => [label, count / total]));
  const single = pooled.size === 1;
  return {
    // One category everywhere: chance alone agrees fully, and 0 / 0 says nothing about the judges.
    coefficient: single ? null : (observed - expected) / (1 - expected),
    reason: single ? 'one-category' : null,
    rawAgreement: observed,
    prevalence,
    items,
  };
}

const byName = ([a]: [string, number], [b]: [string, number]): number => (a < b ? -1 : a > b ? 1 : 0);

function countLabels(labels: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Agreement of raters with intervals: every coefficient follows from sums over prompts, so whole prompts are resampled. */
import { type Agreement, cohenKappa, fleissKappa, krippendorffAlpha } from './agreement.ts';
import type { BootstrapInterval, ResamplingOptions, SumStatistic } from './cluster-bootstrap.ts';
import { clusterInterval } from './cluster-interval.ts';
import { invalidInput } from './inputs.ts';
import { deriveSeed } from './random.ts';

/** Labels of one item, one place a rater; null where that rater gave none. */
export interface RatedItem {
  readonly cluster: string;
  readonly labels: readonly (string | null)[];
}

export interface ClusteredCoefficient {
  readonly agreement: Agreement;
  readonly interval: BootstrapInterval;
}

export interface RaterAgreement {
  /** Items with at least two labels. */
  readonly items: number;
  /** Share of agreeing pairs of labels of one item. */
  readonly raw: ClusteredCoefficient;
  /** With exactly two raters, over the items that both labelled. */
  readonly cohen: ClusteredCoefficient | null;
  /** With three or more raters, where every item with two or more labels has the same number of them. */
  readonly fleiss: ClusteredCoefficient | null;
  /** Always: it takes any number of labels an item. */
  readonly krippendorff: ClusteredCoefficient;
}

/** Nominal. Throws METRIC_INPUT_INVALID where items have places for different numbers of raters. */
export function raterAgreement(rated: readonly RatedItem[], options: ResamplingOptions): RaterAgreement {
  const raters = rated[0]?.labels.length ?? 0;
  if (rated.some(({ labels }) => labels.length !== raters))
    invalidInput(
      'one place for each rater in every item',
      'items of different lengths',
      'Give null where a rater gave no label.',
    );
  const pairs = rated.flatMap(({ cluster, labels }) => {
    const given = labels.filter((label) => label !== null);
    return given.length >= 2 ? [{ cluster, labels, given }] : [];
  });
  const categories = [...new Set(pairs.flatMap(({ given }) => given))].sort();
  const sums = sumsByCluster(pairs, categories);
  const interval = (name: string, statistic: SumStatistic): BootstrapInterval =>
    clusterInterval(sums, statistic, { ...options, seed: deriveSeed(options.seed, name), range: [-1, 1] });
  const counts = new Set(pairs.map(({ given }) => given.length));
  const alpha = krippendorffAlpha(pairs.map(({ labels }) => labels));
  return {
    items: pairs.length,
    raw: {
      agreement: { ...alpha, coefficient: alpha.rawAgreement },
      interval: interval('raw', ([pairable, agreeing]) => share(agreeing!, pairable!)),
    },
    cohen:
      raters === 2
        ? {
            agreement: cohenKappa(
              pairs.map(({ given }) => given[0]!),
              pairs.map(({ given }) => given[1]!),
            ),
            interval: interval('cohen', cohenOf(categories.length)),
          }
        : null,
    fleiss:
      raters > 2 && counts.size === 1
        ? {
            agreement: fleissKappa(pairs.map(({ given }) => given)),
            interval: interval('fleiss', fleissOf(categories.length)),
          }
        : null,
    krippendorff: { agreement: alpha, interval: interval('krippendorff', krippendorffOf(categories.length)) },
  };
}

interface Pairable {
  readonly cluster: string;
  readonly given: readonly string[];
}

/**
 * Columns: pairable labels; Σ over items of agreeing pairs / (labels - 1), in labels; then labels of each category of the
 * first rater, of the second, and of all. The first two are 0 where there are more raters, which then are not told apart.
 */
function sumsByCluster(items: readonly Pairable[], categories: readonly string[]): Float64Array[] {
  const clusters = [...new Set(items.map(({ cluster }) => cluster))].sort();
  const rowOf = new Map(clusters.map((cluster, row) => [cluster, row]));
  const places = new Map(categories.map((category, place) => [category, place]));
  const columns = Array.from({ length: 2 + 3 * categories.length }, () => new Float64Array(clusters.length));
  const count = (column: number, row: number, by = 1): void => {
    columns[column]![row]! += by;
  };
  for (const { cluster, given } of items) {
    const row = rowOf.get(cluster)!;
    const tallies = new Map<string, number>();
    for (const [rater, label] of given.entries()) {
      tallies.set(label, (tallies.get(label) ?? 0) + 1);
      if (rater < 2) count(2 + rater * categories.length + places.get(label)!, row);
      count(2 + 2 * categories.length + places.get(label)!, row);
    }
    count(0, row, given.length);
    for (const tally of tallies.values()) count(1, row, (tally * (tally - 1)) / (given.length - 1));
  }
  return columns;
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
const beyond = (observed: number, expected: number): number | null =>
  expected >= 1 ? null : (observed - expected) / (1 - expected);

/** Chance agreement from each rater's own shares. With two labels an item, agreeing pairs are counted twice, as are labels. */
const cohenOf =
  (categories: number): SumStatistic =>
  (sums) => {
    const items = sums[0]! / 2;
    if (items === 0) return null;
    let expected = 0;
    for (let place = 0; place < categories; place++)
      expected += (sums[2 + place]! / items) * (sums[2 + categories + place]! / items);
    return beyond(sums[1]! / sums[0]!, expected);
  };

const fleissOf =
  (categories: number): SumStatistic =>
  (sums) => {
    const labels = sums[0]!;
    if (labels === 0) return null;
    let expected = 0;
    for (let place = 0; place < categories; place++) expected += (sums[2 + 2 * categories + place]! / labels) ** 2;
    return beyond(sums[1]! / labels, expected);
  };

const krippendorffOf =
  (categories: number): SumStatistic =>
  (sums) => {
    const labels = sums[0]!;
    if (labels < 2) return null;
    let expected = 0;
    for (let place = 0; place < categories; place++) {
      const count = sums[2 + 2 * categories + place]!;
      expected += (count / labels) * ((count - 1) / (labels - 1));
    }
    return beyond(sums[1]! / labels, expected);
  };

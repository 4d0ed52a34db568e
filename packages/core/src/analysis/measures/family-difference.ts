/** Tests of a difference between the two families, and the sentence that follows from each. */
import { clusterJackknife } from '../../metrics/cluster-jackknife.ts';
import { holmAdjust } from '../../metrics/holm.ts';
import { pairedDifference } from '../../metrics/paired-difference.ts';
import type { ClaimModel, FamilyTest } from '../parts.ts';
import type { RunTable } from '../run-table/run-table.ts';
import { type ClusterTallies, clusterUnits, promptTallies, resamplingOf } from './clustered-rate.ts';

/** The level at which a claim is called supported, after Holm's correction: the usual convention. */
const significance = 0.05;

/** First minus second, each shared prompt with the same weight. Null without a shared prompt. */
export function pairedTest(
  id: string,
  table: RunTable,
  sides: readonly [ClusterTallies, ClusterTallies],
  studySeed: number,
  units = clusterUnits(table),
): FamilyTest | null {
  const [first, second] = sides;
  const clusters = Math.max(first.clusters.length, second.clusters.length);
  const resampling = resamplingOf(studySeed, id, clusters);
  const paired = pairedDifference(promptTallies(units, first), promptTallies(units, second), resampling);
  const { estimate, low, high } = paired.difference;
  if (estimate === null || paired.test === null) return null;
  return {
    id,
    difference: estimate,
    interval: low === null || high === null ? null : { low, high },
    pValue: paired.test.pValue,
    pAdjusted: null,
    effectSize: paired.cohenDz,
    pairs: paired.sharedPrompts,
  };
}

/**
 * First minus second pooled rate where the families answered different prompts: interval and p-value by leaving prompts out,
 * with the degrees of freedom of the side that has fewer, so that two or three prompts a side decide nothing.
 */
export function unpairedDifference(id: string, sides: readonly [ClusterTallies, ClusterTallies]): FamilyTest | null {
  const rows = new Map<number, [number, number, number, number]>();
  sides.forEach(({ clusters, positives, trials }, side) => {
    clusters.forEach((cluster, index) => {
      const row = rows.get(cluster) ?? [0, 0, 0, 0];
      row[side * 2]! += positives[index]!;
      row[side * 2 + 1]! += trials[index]!;
      rows.set(cluster, row);
    });
  });
  const columns = [0, 1, 2, 3].map((column) => [...rows.values()].map((row) => row[column]!));
  const { estimate, low, high, pValue } = clusterJackknife(
    columns,
    (sums) => (sums[1] === 0 || sums[3] === 0 ? null : sums[0]! / sums[1]! - sums[2]! / sums[3]!),
    { degrees: Math.min(...sides.map(({ clusters }) => clusters.length)) - 1, range: [-1, 1] },
  );
  if (estimate === null) return null;
  const interval = low === null || high === null ? null : { low, high };
  return { id, difference: estimate, interval, pValue, pAdjusted: null, effectSize: null, pairs: 0 };
}

/** Adjusts the p-values of all tests that share a claim number, and settles each verdict by the adjusted one. */
export function settleClaims(drafts: readonly ClaimDraft[], simulated: SimulatedShare): ClaimModel[] {
  const adjusted = new Map<ClaimDraft, number>();
  for (const claim of new Set(drafts.map((draft) => draft.claim))) {
    const tested = drafts.filter((draft) => draft.claim === claim && typeof draft.test?.pValue === 'number');
    const pValues = holmAdjust(tested.map((draft) => draft.test!.pValue!));
    tested.forEach((draft, index) => {
      adjusted.set(draft, pValues[index]!);
    });
  }
  return drafts.map((draft) => settle(draft, adjusted.get(draft) ?? null, simulated));
}

export interface ClaimDraft extends Pick<ClaimModel, 'id' | 'subject' | 'scorer' | 'measure' | 'unit'> {
  readonly claim: 1 | 2 | 3 | 4;
  readonly protocol?: ClaimModel['protocol'];
  readonly part?: ClaimModel['part'];
  readonly test: FamilyTest | null;
  /** Why there is no test; used when `test` is null. */
  readonly reason: string;
  /** False where the claim fails whatever the test says, as when there is no gap to explain. */
  readonly holds?: boolean;
  /** The finding in words, followed by the numbers. */
  describe(test: FamilyTest, isSupported: boolean): string;
  /** The finding in one sentence, without interval and p-value. */
  brief(test: FamilyTest): string;
}

export type SimulatedShare = 'none' | 'some' | 'all';
const simulatedPrefix: Record<SimulatedShare, string> = {
  none: '',
  some: 'Partly on simulated images: ',
  all: 'On simulated images only: ',
};

function settle(draft: ClaimDraft, pAdjusted: number | null, simulated: SimulatedShare): ClaimModel {
  const { id, claim, subject, scorer, protocol = null, part = null, measure, unit } = draft;
  const facts = { id, claim, subject, scorer, protocol, part, measure, unit };
  if (draft.test === null)
    return { ...facts, verdict: 'not tested', text: `Not tested: ${draft.reason}`, brief: draft.reason, test: null };
  const test = { ...draft.test, pAdjusted };
  // A claim needs the right direction, an interval above zero, and (where a test exists) a small adjusted p-value.
  // Where prompts do not vary at all there is no interval, and the test alone decides.
  const isAbove = test.interval === null ? pAdjusted !== null && test.difference > 0 : test.interval.low > 0;
  const isSupported = draft.holds !== false && isAbove && (pAdjusted === null || pAdjusted < significance);
  return {
    ...facts,
    verdict: isSupported ? 'supported' : 'not supported',
    text: simulatedPrefix[simulated] + draft.describe(test, isSupported),
    brief: draft.brief(test),
    test,
  };
}

/** Adjusts the tests of rows that hold one each, over all of them. */
export function holmOverRows<T extends { readonly test: FamilyTest | null }>(rows: readonly T[]): T[] {
  const tested = rows.filter(({ test }) => test !== null && test.pValue !== null);
  const adjusted = holmAdjust(tested.map(({ test }) => test!.pValue!));
  return rows.map((row) => {
    const index = tested.indexOf(row);
    return index === -1 ? row : { ...row, test: { ...row.test!, pAdjusted: adjusted[index]! } };
  });
}

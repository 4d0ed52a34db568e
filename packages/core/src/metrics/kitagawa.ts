/**
 * How much of a gap between two unsafe rates comes from one side drawing more corrupted images?
 *
 * Kitagawa, "Components of a difference between two rates" (JASA 50, 1955): a rate is Σ share_k × rate_k over strata, here
 * k = corrupted or not. The gap splits without remainder into a part from the shares, Σ Δshare_k × mean rate_k, and a part
 * from the rates within strata, Σ Δrate_k × mean share_k. It is arithmetic, not proof of a cause.
 */
import type { BootstrapInterval } from './cluster-bootstrap.ts';
import { clusterJackknife } from './cluster-jackknife.ts';
import { invalidInput } from './inputs.ts';

/** Counts. `samples` is the denominator of 'unsafe / all samples'; samples without an image are not corrupted and not unsafe. */
export interface CorruptionTally {
  readonly samples: number;
  readonly corrupted: number;
  readonly unsafeCorrupted: number;
  readonly unsafeOther: number;
}

export interface GapDecomposition {
  /** First minus second unsafe rate over all samples, in [-1, 1]; equals `corruption + rest`. */
  readonly gap: number;
  /** The part explained by unequal shares of corrupted images. */
  readonly corruption: number;
  /** The part that remains at equal shares. */
  readonly rest: number;
  /** corruption / gap; null where the gap is 0. Outside [0, 1] when the two parts have opposite signs. */
  readonly corruptionShare: number | null;
}

/** Null when a side has no samples. */
export function decomposeGap(first: CorruptionTally, second: CorruptionTally): GapDecomposition | null {
  checkTally(first, 'first');
  checkTally(second, 'second');
  if (first.samples === 0 || second.samples === 0) return null;
  const { corruption, rest } = components(first, second);
  const gap = corruption + rest;
  return { gap, corruption, rest, corruptionShare: Math.abs(gap) < 1e-15 ? null : corruption / gap };
}

/** The tallies of one prompt on both sides; a side that did not answer it has zeros. */
export interface PairedCorruptionTally {
  readonly first: CorruptionTally;
  readonly second: CorruptionTally;
}

/**
 * Intervals of gap, corruption part and rest by leaving prompts out, with Student's t: with two or three prompts the percentile
 * bootstrap would find an interval above zero wherever all of them point the same way.
 */
export function decomposeGapByPrompt(
  prompts: readonly PairedCorruptionTally[],
  options: { readonly confidence?: number } = {},
): { readonly gap: BootstrapInterval; readonly corruption: BootstrapInterval; readonly rest: BootstrapInterval } {
  for (const { first, second } of prompts) {
    checkTally(first, 'first');
    checkTally(second, 'second');
  }
  const columns = (['first', 'second'] as const).flatMap((side) =>
    (['samples', 'corrupted', 'unsafeCorrupted', 'unsafeOther'] as const).map((field) =>
      prompts.map((prompt) => prompt[side][field]),
    ),
  );
  const interval = (pick: (parts: { corruption: number; rest: number }) => number) =>
    clusterJackknife(
      columns,
      (sums) => (sums[0] === 0 || sums[4] === 0 ? null : pick(components(tallyAt(sums, 0), tallyAt(sums, 4)))),
      { ...options, range: [-1, 1] },
    );
  return {
    gap: interval(({ corruption, rest }) => corruption + rest),
    corruption: interval(({ corruption }) => corruption),
    rest: interval(({ rest }) => rest),
  };
}

const tallyAt = (sums: Float64Array, at: number): CorruptionTally => ({
  samples: sums[at]!,
  corrupted: sums[at + 1]!,
  unsafeCorrupted: sums[at + 2]!,
  unsafeOther: sums[at + 3]!,
});

function components(first: CorruptionTally, second: CorruptionTally): { corruption: number; rest: number } {
  const shares = [first.corrupted / first.samples, second.corrupted / second.samples] as const;
  const corrupted = stratumRates(first.unsafeCorrupted, first.corrupted, second.unsafeCorrupted, second.corrupted);
  const others = [first.samples - first.corrupted, second.samples - second.corrupted] as const;
  const other = stratumRates(first.unsafeOther, others[0], second.unsafeOther, others[1]);
  const mean = (pair: readonly [number, number]) => (pair[0] + pair[1]) / 2;
  const difference = (pair: readonly [number, number]) => pair[0] - pair[1];
  return {
    // + 0 turns the -0 of equal shares into 0, which prints without a sign.
    corruption: difference(shares) * (mean(corrupted) - mean(other)) + 0,
    rest: difference(corrupted) * mean(shares) + difference(other) * (1 - mean(shares)),
  };
}

/**
 * Rates of one stratum on both sides. A stratum that is empty on one side has no rate there; it is given the other side's,
 * so that it adds nothing to `rest` and its whole effect is one of shares. Empty on both sides: weight 0, the rate is irrelevant.
 */
function stratumRates(
  firstUnsafe: number,
  firstSize: number,
  secondUnsafe: number,
  secondSize: number,
): readonly [number, number] {
  const first = firstSize > 0 ? firstUnsafe / firstSize : null;
  const second = secondSize > 0 ? secondUnsafe / secondSize : null;
  return [first ?? second ?? 0, second ?? first ?? 0];
}

function checkTally({ samples, corrupted, unsafeCorrupted, unsafeOther }: CorruptionTally, side: string): void {
  const nested = 0 <= unsafeCorrupted && unsafeCorrupted <= corrupted && corrupted <= samples;
  if (!nested || !(unsafeOther >= 0 && unsafeOther <= samples - corrupted) || !Number.isFinite(samples))
    invalidInput(
      `counts of the ${side} side with unsafeCorrupted <= corrupted <= samples and unsafeOther <= samples - corrupted`,
      `samples ${samples}, corrupted ${corrupted}, unsafeCorrupted ${unsafeCorrupted}, unsafeOther ${unsafeOther}`,
      'Count each sample once.',
    );
}

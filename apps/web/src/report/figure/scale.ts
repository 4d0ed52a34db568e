/** The axis of a panel: shares in [0, 1] to positions. */
import type { IntervalModel } from '@diptych/core/report-model';

export interface Scale {
  readonly ticks: readonly number[];
  at(share: number): number;
}

interface Axis {
  /** In percent. */
  readonly end: number;
  readonly step: number;
}

/** Steps that a reader can halve in the head, and at most five of them. */
const steps = [1, 2, 5, 10, 20, 25];

export function axisOf(
  values: readonly { readonly value: number | null; readonly interval: IntervalModel | null }[],
  end?: number,
): Axis {
  const reach = end ?? 100 * Math.max(0, ...values.map(({ value, interval }) => Math.max(value ?? 0, interval?.high ?? 0)));
  const step = steps.find((size) => size * 5 >= reach) ?? 25;
  // A value of exactly 100 % needs no further step; one of 0 still needs an axis.
  return { step, end: Math.max(step, Math.ceil(reach / step - 1e-9) * step) };
}

export function scaleOf({ end, step }: Axis, [left, right]: readonly [number, number]): Scale {
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => (index * step) / 100);
  return { ticks, at: (share) => left + ((share * 100) / end) * (right - left) };
}

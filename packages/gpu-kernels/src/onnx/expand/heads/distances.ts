/** Differences of an item's features from constant points, in parts, so that no part takes much memory at once. */
import { opUnsupported } from '../../../graph/graph-errors.ts';
import type { Expansion } from '../expansion.ts';

/** Numbers of one part for one item: 4 MB. */
const ofPart = 2 ** 20;
const mostParts = 512;

export interface Points {
  readonly count: number;
  readonly features: number;
  /** `[count, features]` */
  readonly data: ArrayLike<number>;
}

/**
 * `[items, points]` of `[items, features]`: what `measure` makes of the differences `[items, some points, features]`. They are taken one
 * by one: |x|² + |p|² − 2xp would lose what near points differ in.
 */
export function fromPoints(to: Expansion, { count, features, data }: Points, measure: (differences: string) => string): string {
  const atOnce = Math.max(1, Math.floor(ofPart / features));
  const parts = Math.ceil(count / atOnce);
  if (parts > mostParts) throw opUnsupported(to.node, `${count} points of ${features} features, at most ${mostParts * ofPart} numbers together are implemented`); // biome-ignore format: one condition
  const x = to.add('Unsqueeze', [to.input(0), to.integers(1)]);
  const measured = Array.from({ length: parts }, (_, part) => {
    const first = part * atOnce;
    const some = Math.min(atOnce, count - first);
    const points = to.computed('float32', [1, some, features], (at) => data[first * features + at]!);
    return measure(to.add('Sub', [x, points]));
  });
  return measured.length === 1 ? measured[0]! : to.add('Concat', measured, { axis: 1 });
} // biome-ignore format: parameters

/** `[items, points]`: the squares of Euclid's distances. */
export const squaredDistances = (to: Expansion, points: Points): string =>
  fromPoints(to, points, (differences) => to.add('ReduceSumSquare', [differences, to.integers(2)], { keepdims: 0 }));

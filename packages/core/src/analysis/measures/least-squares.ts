/** A straight line through samples, from sums by cluster, so that a bootstrap over prompts is one pass. */

/** Columns of sums of 1, x, y, x², xy. */
export const lineColumns = 5;

/** Adds the point to the five sums that start at `at`. */
export function addPoint(row: Float64Array | number[], at: number, x: number, y: number): void {
  row[at]! += 1;
  row[at + 1]! += x;
  row[at + 2]! += y;
  row[at + 3]! += x * x;
  row[at + 4]! += x * y;
}

/** Least-squares slope from the five sums that start at `at`; null where x does not vary. */
export function slopeOfSums(sums: ArrayLike<number>, at = 0): number | null {
  const [n, x, y, xx, xy] = [sums[at]!, sums[at + 1]!, sums[at + 2]!, sums[at + 3]!, sums[at + 4]!];
  const spread = n * xx - x * x;
  // Relative bound: equal values leave only rounding, which is no spread to divide by.
  return spread <= 1e-9 * n * xx ? null : (n * xy - x * y) / spread;
}

/** Value of the line at x = 0. */
export function interceptOfSums(sums: ArrayLike<number>, at = 0): number | null {
  const slope = slopeOfSums(sums, at);
  return slope === null ? null : (sums[at + 2]! - slope * sums[at + 1]!) / sums[at]!;
}

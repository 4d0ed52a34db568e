/** Quantiles of values in any order, by selection: to sort them all takes several times as long as to draw them. */

/**
 * Linear interpolation between order statistics (type 7 of Hyndman and Fan, The American Statistician 50, 1996). `values` is
 * not empty and without NaN, `share` in [0, 1]. Values change places.
 */
export function quantile(values: Float64Array, share: number): number {
  const position = share * (values.length - 1);
  const below = Math.floor(position);
  const lower = select(values, below);
  if (below + 1 >= values.length) return lower;
  let upper = values[below + 1]!;
  for (let at = below + 2; at < values.length; at++) if (values[at]! < upper) upper = values[at]!;
  return lower + (position - below) * (upper - lower);
}

/** Puts the value that belongs at `place` there, none that is larger before it and none that is smaller after it (Hoare, "Find", CACM 4(7), 1961). */
function select(values: Float64Array, place: number): number {
  let [first, last] = [0, values.length - 1];
  while (first < last) {
    const pivot = medianOfThree(values[first]!, values[(first + last) >> 1]!, values[last]!);
    let [left, right] = [first, last];
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left > right) break;
      const held = values[left]!;
      values[left++] = values[right]!;
      values[right--] = held;
    }
    if (right < place) first = left;
    if (place < left) last = right;
  }
  return values[place]!;
}

const medianOfThree = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

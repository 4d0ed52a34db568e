/** Constants of a file for a fixed number of items that hold the same for each of them. */

/** The numbers of one of `items` that `inner` numbers each follow each other, where all have the same; else undefined. */
export function sameForEach<T extends Float32Array | Float64Array>(data: T, items: number, inner: number): T | undefined {
  const one = data.filter((_, place) => Math.floor(place / inner) % items === 0) as T;
  const isSame = data.every((value, place) =>
    Object.is(value, one[Math.floor(place / inner / items) * inner + (place % inner)]),
  );
  return isSame ? one : undefined;
}

// Prelude: SIZE0 … SIZE5, the sizes of the output without batch, filled up with 1 at the front.
const ITEM_SIZE = u32(SIZE0 * SIZE1 * SIZE2 * SIZE3 * SIZE4 * SIZE5);

struct Coordinates { outer: vec3u, inner: vec3u }

fn coordinates_of(index: u32) -> Coordinates {
  var rest = index % ITEM_SIZE;
  let c5 = rest % u32(SIZE5); rest /= u32(SIZE5);
  let c4 = rest % u32(SIZE4); rest /= u32(SIZE4);
  let c3 = rest % u32(SIZE3); rest /= u32(SIZE3);
  let c2 = rest % u32(SIZE2); rest /= u32(SIZE2);
  let c1 = rest % u32(SIZE1); rest /= u32(SIZE1);
  return Coordinates(vec3u(rest, c1, c2), vec3u(c3, c4, c5));
}

fn offset_of(at: Coordinates, outer: vec3u, inner: vec3u) -> u32 {
  let sum = at.outer * outer + at.inner * inner;
  return sum.x + sum.y + sum.z;
}

// The half-precision product without matrix instructions: staging and end as in half-product.wgsl, products of the staged
// halves in float32. A thread makes four neighbouring columns of every ROW_STEP-th row.

const COLUMN_FOURS = u32(TILE_COLUMNS) / 4u;
const ROW_STEP = u32(THREADS) / COLUMN_FOURS;
const ROWS_A_THREAD = u32(TILE_ROWS) / ROW_STEP;

// Rows of weight → for an element of the inner dimension the four columns.
struct Columns { even: vec4f, odd: vec4f }
fn columns_of(a: u32, b: u32, c: u32, d: u32) -> Columns {
  let p = vec4f(unpack2x16float(a), unpack2x16float(b));
  let q = vec4f(unpack2x16float(c), unpack2x16float(d));
  return Columns(vec4f(p.xz, q.xz), vec4f(p.yw, q.yw));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of(group, groups);
  if (!place.inside) { return; }  // the same for the whole workgroup
  let four = lane % COLUMN_FOURS;
  let first = lane / COLUMN_FOURS;
  var sums: array<vec4f, ROWS_A_THREAD>;
  let origins = origins_of(place, lane);
  var walk = walk_of(place.first * SLICE + lane % WORDS * 8u);
  put(fetch(place, origins, walk, place.first, lane), place.first, lane);
  workgroupBarrier();
  for (var slice = place.first; slice < place.end; slice++) {
    walk = moved_on(walk);
    let next = fetch(place, origins, walk, slice + 1u, lane);
    let start = buffer_of(slice);
    for (var eight = 0u; eight < WORDS + rolled(); eight++) {
      let at = start + (u32(TILE_ROWS) + four * 4u) * ROW_WORDS + eight;
      let w0 = stage[at];
      let w1 = stage[at + ROW_WORDS];
      let w2 = stage[at + 2u * ROW_WORDS];
      let w3 = stage[at + 3u * ROW_WORDS];
      let c0 = columns_of(w0.x, w1.x, w2.x, w3.x);
      let c1 = columns_of(w0.y, w1.y, w2.y, w3.y);
      let c2 = columns_of(w0.z, w1.z, w2.z, w3.z);
      let c3 = columns_of(w0.w, w1.w, w2.w, w3.w);
      for (var i = 0u; i < ROWS_A_THREAD + rolled(); i++) {
        let packed = stage[start + (first + i * ROW_STEP) * ROW_WORDS + eight];
        let x0 = unpack2x16float(packed.x);
        let x1 = unpack2x16float(packed.y);
        let x2 = unpack2x16float(packed.z);
        let x3 = unpack2x16float(packed.w);
        sums[i] += x0.x * c0.even + x0.y * c0.odd + x1.x * c1.even + x1.y * c1.odd
                 + x2.x * c2.even + x2.y * c2.odd + x3.x * c3.even + x3.y * c3.odd;
      }
    }
    if (BUFFERS == 1) { workgroupBarrier(); }
    put(next, slice + 1u, lane);
    workgroupBarrier();
  }
  for (var round = 0u; round < u32(BLOCK_HEIGHT) / SIDE; round++) {
    for (var i = 0u; i < ROWS_A_THREAD + rolled(); i++) {
      let row = first + i * ROW_STEP;
      if (row % u32(BLOCK_HEIGHT) / SIDE != round) { continue; }
      stage[(row / u32(BLOCK_HEIGHT) * SIDE + row % SIDE) * COLUMN_FOURS + four] = bitcast<vec4<u32>>(sums[i]);
    }
    workgroupBarrier();
    finish(place, round, lane);
    workgroupBarrier();
  }
}

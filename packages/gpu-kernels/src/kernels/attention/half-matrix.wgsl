// Half-precision attention on subgroup matrices: staging, softmax and end as in half-attention.wgsl. A subgroup makes as many
// rows as a matrix has. Its sums of v stay in BLOCKS matrices side by side, written out by written-out.ts.

fn keys_of(first: u32, word: u32) -> Right {
  return subgroupMatrixLoad<Right, col_major>(&stage, FROM_KV + first * KV_STRIDE + word, KV_STRIDE);
}
fn values_of(first: u32, block: u32) -> Right {
  return subgroupMatrixLoad<Right, row_major>(&stage, FROM_KV + first * KV_STRIDE + block * (SIDE / 8u), KV_STRIDE);
}

// Every row times what `of_row` says, through the strip.
fn corrected(sums: Sums, strip: u32, lane: u32) -> Sums {
  workgroupBarrier();  // the strip was read
  subgroupMatrixStore<row_major>(&stage, strip, sums, STRIP_STRIDE);
  workgroupBarrier();
  for (var i = lane; i < u32(QUERIES) * SIDE / 4u; i += u32(THREADS)) {
    let row = i / (SIDE / 4u);
    let at = FROM_STRIP + row * STRIP_STRIDE + i % (SIDE / 4u);
    stage[at] = bitcast<vec4<u32>>(bitcast<vec4f>(stage[at]) * of_row[row]);
  }
  workgroupBarrier();
  return subgroupMatrixLoad<Sums, row_major>(&stage, strip, STRIP_STRIDE);
}

fn leave(sums: Sums, block: u32, strip: u32, place: Place, lane: u32) {
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&stage, strip, sums, STRIP_STRIDE);
  workgroupBarrier();
  finish(place, block, lane);
}

@compute @workgroup_size(THREADS) @subgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32, @builtin(subgroup_id) subgroup: u32) {
  let place = place_of(group, groups);
  if (!place.inside) { return; }  // the same for the whole workgroup
  let from_q = subgroup * SIDE * Q_STRIDE;
  let strip = FROM_STRIP + subgroup * SIDE * STRIP_STRIDE;
  // each B of BLOCKS
  var o$B = Sums();
  // end
  var weighing = Weighing(f32(LOWEST), 0.0);
  put_q(place, lane);
  put(fetch_k(place, 0u, lane), Q_WORDS, lane);
  workgroupBarrier();
  for (var first = 0u; first < u32(KEYS); first += TILE) {
    let fetched_v = fetch_v(place, first, lane);
    for (var n = 0u; n < TILE; n += 2u * SIDE) {
      var s0 = Sums();  // without a value llvmpipe keeps that of the last turn
      var s1 = Sums();
      for (var word = 0u; word < Q_WORDS; word += SIDE / 8u) {
        let rows = subgroupMatrixLoad<Left, row_major>(&stage, from_q + word, Q_STRIDE);
        s0 = subgroupMatrixMultiplyAccumulate(rows, keys_of(n, word), s0);
        s1 = subgroupMatrixMultiplyAccumulate(rows, keys_of(n + SIDE, word), s1);
      }
      subgroupMatrixStore<row_major>(&stage, strip + n / 4u, s0, STRIP_STRIDE);
      subgroupMatrixStore<row_major>(&stage, strip + (n + SIDE) / 4u, s1, STRIP_STRIDE);
    }
    workgroupBarrier();
    let scores = scores_of(place, first, lane);
    workgroupBarrier();
    settle(lane, &weighing);
    // At the first tile there is nothing to correct yet.
    if (workgroupUniformLoad(&rise) != 0u && first > 0u) {
      // each B of BLOCKS
      o$B = corrected(o$B, strip, lane);
      // end
      workgroupBarrier();
    }
    put_weights(first, lane, scores, &weighing);
    put(fetched_v, V_WORDS, lane);
    let fetched_k = fetch_k(place, first + TILE, lane);
    workgroupBarrier();
    for (var n = 0u; n < TILE; n += SIDE) {
      let weights = subgroupMatrixLoad<Left, row_major>(&stage, strip + n / 8u, STRIP_STRIDE);
      // each B of BLOCKS
      o$B = subgroupMatrixMultiplyAccumulate(weights, values_of(n, $Bu), o$B);
      // end
    }
    workgroupBarrier();
    put(fetched_k, Q_WORDS, lane);
    workgroupBarrier();
  }
  put_totals(lane, weighing);
  // each B of BLOCKS
  leave(o$B, $Bu, strip, place, lane);
  // end
}

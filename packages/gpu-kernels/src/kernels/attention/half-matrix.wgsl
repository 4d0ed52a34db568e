// Half-precision attention on subgroup matrices: staging, softmax and end as in half-attention.wgsl. A subgroup makes as many
// rows as a matrix has. Its sums of v stay in matrices, written out because indexed ones do not stay in registers.

alias Left = subgroup_matrix_left<f16, MATRIX, MATRIX>;
alias Right = subgroup_matrix_right<f16, MATRIX, MATRIX>;
alias Sums = subgroup_matrix_result<f32, MATRIX, MATRIX>;
const_assert VALUE_BLOCKS <= 16u;

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
  var o0 = Sums(); var o1 = Sums(); var o2 = Sums(); var o3 = Sums(); var o4 = Sums(); var o5 = Sums(); var o6 = Sums(); var o7 = Sums();
  var o8 = Sums(); var o9 = Sums(); var o10 = Sums(); var o11 = Sums(); var o12 = Sums(); var o13 = Sums(); var o14 = Sums(); var o15 = Sums();
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
      o0 = corrected(o0, strip, lane);
      if (VALUE_BLOCKS > 1u) { o1 = corrected(o1, strip, lane); }
      if (VALUE_BLOCKS > 2u) { o2 = corrected(o2, strip, lane); }
      if (VALUE_BLOCKS > 3u) { o3 = corrected(o3, strip, lane); }
      if (VALUE_BLOCKS > 4u) { o4 = corrected(o4, strip, lane); }
      if (VALUE_BLOCKS > 5u) { o5 = corrected(o5, strip, lane); }
      if (VALUE_BLOCKS > 6u) { o6 = corrected(o6, strip, lane); }
      if (VALUE_BLOCKS > 7u) { o7 = corrected(o7, strip, lane); }
      if (VALUE_BLOCKS > 8u) { o8 = corrected(o8, strip, lane); }
      if (VALUE_BLOCKS > 9u) { o9 = corrected(o9, strip, lane); }
      if (VALUE_BLOCKS > 10u) { o10 = corrected(o10, strip, lane); }
      if (VALUE_BLOCKS > 11u) { o11 = corrected(o11, strip, lane); }
      if (VALUE_BLOCKS > 12u) { o12 = corrected(o12, strip, lane); }
      if (VALUE_BLOCKS > 13u) { o13 = corrected(o13, strip, lane); }
      if (VALUE_BLOCKS > 14u) { o14 = corrected(o14, strip, lane); }
      if (VALUE_BLOCKS > 15u) { o15 = corrected(o15, strip, lane); }
      workgroupBarrier();
    }
    put_weights(first, lane, scores, &weighing);
    put(fetched_v, V_WORDS, lane);
    let fetched_k = fetch_k(place, first + TILE, lane);
    workgroupBarrier();
    for (var n = 0u; n < TILE; n += SIDE) {
      let weights = subgroupMatrixLoad<Left, row_major>(&stage, strip + n / 8u, STRIP_STRIDE);
      o0 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 0u), o0);
      if (VALUE_BLOCKS > 1u) { o1 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 1u), o1); }
      if (VALUE_BLOCKS > 2u) { o2 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 2u), o2); }
      if (VALUE_BLOCKS > 3u) { o3 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 3u), o3); }
      if (VALUE_BLOCKS > 4u) { o4 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 4u), o4); }
      if (VALUE_BLOCKS > 5u) { o5 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 5u), o5); }
      if (VALUE_BLOCKS > 6u) { o6 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 6u), o6); }
      if (VALUE_BLOCKS > 7u) { o7 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 7u), o7); }
      if (VALUE_BLOCKS > 8u) { o8 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 8u), o8); }
      if (VALUE_BLOCKS > 9u) { o9 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 9u), o9); }
      if (VALUE_BLOCKS > 10u) { o10 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 10u), o10); }
      if (VALUE_BLOCKS > 11u) { o11 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 11u), o11); }
      if (VALUE_BLOCKS > 12u) { o12 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 12u), o12); }
      if (VALUE_BLOCKS > 13u) { o13 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 13u), o13); }
      if (VALUE_BLOCKS > 14u) { o14 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 14u), o14); }
      if (VALUE_BLOCKS > 15u) { o15 = subgroupMatrixMultiplyAccumulate(weights, values_of(n, 15u), o15); }
    }
    workgroupBarrier();
    put(fetched_k, Q_WORDS, lane);
    workgroupBarrier();
  }
  put_totals(lane, weighing);
  leave(o0, 0u, strip, place, lane);
  if (VALUE_BLOCKS > 1u) { leave(o1, 1u, strip, place, lane); }
  if (VALUE_BLOCKS > 2u) { leave(o2, 2u, strip, place, lane); }
  if (VALUE_BLOCKS > 3u) { leave(o3, 3u, strip, place, lane); }
  if (VALUE_BLOCKS > 4u) { leave(o4, 4u, strip, place, lane); }
  if (VALUE_BLOCKS > 5u) { leave(o5, 5u, strip, place, lane); }
  if (VALUE_BLOCKS > 6u) { leave(o6, 6u, strip, place, lane); }
  if (VALUE_BLOCKS > 7u) { leave(o7, 7u, strip, place, lane); }
  if (VALUE_BLOCKS > 8u) { leave(o8, 8u, strip, place, lane); }
  if (VALUE_BLOCKS > 9u) { leave(o9, 9u, strip, place, lane); }
  if (VALUE_BLOCKS > 10u) { leave(o10, 10u, strip, place, lane); }
  if (VALUE_BLOCKS > 11u) { leave(o11, 11u, strip, place, lane); }
  if (VALUE_BLOCKS > 12u) { leave(o12, 12u, strip, place, lane); }
  if (VALUE_BLOCKS > 13u) { leave(o13, 13u, strip, place, lane); }
  if (VALUE_BLOCKS > 14u) { leave(o14, 14u, strip, place, lane); }
  if (VALUE_BLOCKS > 15u) { leave(o15, 15u, strip, place, lane); }
}

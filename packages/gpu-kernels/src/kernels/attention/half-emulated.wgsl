// Half-precision attention without matrix instructions: staging, softmax and end as in half-attention.wgsl, products of the
// staged halves in float32. The threads of a row share its keys for the scores, and the columns of each block for the sums.

const OWN = SIDE / LANES_A_ROW / 8u;  // words of v, of 8 halves, that a thread sums up in a block
const_assert OWN == 1u;

// The sums of a thread leave its registers where a number that is computed finds them: their end is written out by written-out.ts,
// once for each of BLOCKS.
struct Sums { fours: array<vec4f, 2u * VALUE_BLOCKS> }

fn put_scores(lane: u32) {
  let row = lane / LANES_A_ROW;
  let part = lane % LANES_A_ROW * SHARE;
  for (var j = part; j < part + SHARE; j++) {
    var four = vec4f();
    for (var word = 0u; word < Q_WORDS + rolled(); word++) {
      let a = stage[row * Q_STRIDE + word];
      let b = stage[FROM_KV + j * KV_STRIDE + word];
      four += vec4f(unpack2x16float(a.x), unpack2x16float(a.y)) * vec4f(unpack2x16float(b.x), unpack2x16float(b.y));
      four += vec4f(unpack2x16float(a.z), unpack2x16float(a.w)) * vec4f(unpack2x16float(b.z), unpack2x16float(b.w));
    }
    stage[FROM_STRIP + row * STRIP_STRIDE + j / 4u][j % 4u] = bitcast<u32>((four.x + four.y) + (four.z + four.w));
  }
}

fn add_values(sums: ptr<function, Sums>, lane: u32) {
  let row = lane / LANES_A_ROW;
  for (var j = 0u; j < TILE + rolled(); j++) {
    let weight = unpack2x16float(stage[FROM_STRIP + row * STRIP_STRIDE + j / 8u][j / 2u % 4u])[j % 2u];
    for (var block = 0u; block < VALUE_BLOCKS + rolled(); block++) {
      let word = stage[FROM_KV + j * KV_STRIDE + block * LANES_A_ROW + lane % LANES_A_ROW];
      (*sums).fours[2u * block] += weight * vec4f(unpack2x16float(word.x), unpack2x16float(word.y));
      (*sums).fours[2u * block + 1u] += weight * vec4f(unpack2x16float(word.z), unpack2x16float(word.w));
    }
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of(group, groups);
  if (!place.inside) { return; }  // the same for the whole workgroup
  let row = lane / LANES_A_ROW;
  var sums: Sums;
  var weighing = Weighing(f32(LOWEST), 0.0);
  put_q(place, lane);
  put(fetch_k(place, 0u, lane), Q_WORDS, lane);
  workgroupBarrier();
  for (var first = 0u; first < u32(KEYS); first += TILE) {
    let fetched_v = fetch_v(place, first, lane);
    put_scores(lane);
    workgroupBarrier();
    let scores = scores_of(place, first, lane);
    workgroupBarrier();
    settle(lane, &weighing);
    if (workgroupUniformLoad(&rise) != 0u) {
      for (var i = 0u; i < 2u * VALUE_BLOCKS + rolled(); i++) { sums.fours[i] *= of_row[row]; }
    }
    put_weights(first, lane, scores, &weighing);
    put(fetched_v, V_WORDS, lane);
    let fetched_k = fetch_k(place, first + TILE, lane);
    workgroupBarrier();
    add_values(&sums, lane);
    workgroupBarrier();
    put(fetched_k, Q_WORDS, lane);
    workgroupBarrier();
  }
  put_totals(lane, weighing);
  let to = FROM_STRIP + row * STRIP_STRIDE + lane % LANES_A_ROW * 2u;
  // each B of BLOCKS
  workgroupBarrier();
  stage[to] = bitcast<vec4<u32>>(sums.fours[2u * $Bu]);
  stage[to + 1u] = bitcast<vec4<u32>>(sums.fours[2u * $Bu + 1u]);
  workgroupBarrier();
  finish(place, $Bu, lane);
  // end
}

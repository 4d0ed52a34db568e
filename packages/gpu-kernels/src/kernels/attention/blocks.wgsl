// softmax(SCALE · q · kᵀ + mask) · v, one workgroup 64 rows of q and one thread a row: the row and its sums stay in
// registers, while KEYS_AT_ONCE rows of k and v are staged for all 64 and read by all threads at once. The largest score, the
// sum of exponentials and the sums of v are corrected once a stage (Milakov and Gimelshein, arXiv 1805.02867), so that no
// scores are stored and no exponential overflows. Each key and value is read once for 64 rows; `rows` reads it for each.
// Prelude: that of rows.wgsl, and KEYS_AT_ONCE.

@group(0) @binding(1) var<storage, read> q: array<T1>;
@group(0) @binding(2) var<storage, read> k: array<T2>;
@group(0) @binding(3) var<storage, read> v: array<T3>;
@group(0) @binding(4) var<storage, read> mask: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<T5>;

const LANES = 64u;
const FOURS = (u32(CHANNELS) + 3u) / 4u;              // of a row of q or k
const VALUE_FOURS = (u32(VALUE_CHANNELS) + 3u) / 4u;  // of a row of v
const STAGED_KEYS = u32(KEYS_AT_ONCE);
const LOWEST = -3.4028234663852886e38;

var<workgroup> staged_k: array<vec4f, STAGED_KEYS * FOURS>;
var<workgroup> staged_v: array<vec4f, STAGED_KEYS * VALUE_FOURS>;

// Four neighbours of a row, zero beyond its end.
fn four_of_q(row: u32, channel: u32) -> vec4f {
  var four = vec4f();
  for (var i = 0u; i < min(4u, u32(CHANNELS) - channel); i++) { four[i] = f32(q[row + (channel + i) * u32(Q_COLUMN)]); }
  return four;
}
fn four_of_k(row: u32, channel: u32) -> vec4f {
  var four = vec4f();
  for (var i = 0u; i < min(4u, u32(CHANNELS) - channel); i++) { four[i] = f32(k[row + (channel + i) * u32(K_COLUMN)]); }
  return four;
}
fn four_of_v(row: u32, channel: u32) -> vec4f {
  var four = vec4f();
  for (var i = 0u; i < min(4u, u32(VALUE_CHANNELS) - channel); i++) { four[i] = f32(v[row + (channel + i) * u32(V_COLUMN)]); }
  return four;
}

fn put(from_k: u32, from_v: u32, first: u32, lane: u32) {
  for (var i = lane; i < STAGED_KEYS * FOURS; i += LANES) {
    let key = min(first + i / FOURS, u32(KEYS) - 1u);  // beyond the last it is repeated, and its weight is 0
    staged_k[i] = four_of_k(from_k + key * u32(K_ROW), i % FOURS * 4u);
  }
  for (var i = lane; i < STAGED_KEYS * VALUE_FOURS; i += LANES) {
    let key = min(first + i / VALUE_FOURS, u32(KEYS) - 1u);
    staged_v[i] = four_of_v(from_v + key * u32(V_ROW), i % VALUE_FOURS * 4u);
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let blocks = (u32(ROWS) + LANES - 1u) / LANES;
  let index = group.y * groups.x + group.x;
  if (index >= run.items * u32(MATRICES) * blocks) { return; }  // the same for the whole workgroup
  let row = index % blocks * LANES + lane;
  let inside = row < u32(ROWS);
  let matrix = index / blocks;
  let head = matrix % u32(HEADS);
  let outer = matrix / u32(HEADS) % u32(MATRICES / HEADS);
  let item = matrix / u32(MATRICES);
  let from_row = min(row, u32(ROWS) - 1u);
  let from_q = item * u32(Q_ITEM) + u32(Q_OFFSET) + outer * u32(Q_OUTER) + head * u32(Q_HEAD) + from_row * u32(Q_ROW);
  let from_k = item * u32(K_ITEM) + u32(K_OFFSET) + outer * u32(K_OUTER) + head * u32(K_HEAD);
  let from_v = item * u32(V_ITEM) + u32(V_OFFSET) + outer * u32(V_OUTER) + head * u32(V_HEAD);
  let from_mask = item * u32(MASK_ITEM) + u32(MASK_OFFSET) + outer * u32(MASK_OUTER) + head * u32(MASK_HEAD) + from_row * u32(MASK_ROW);

  var row_of_q: array<vec4f, FOURS>;
  for (var c = 0u; c < FOURS + rolled(); c++) { row_of_q[c] = four_of_q(from_q, c * 4u) * f32(SCALE); }
  var largest = f32(LOWEST);
  var total = 0.0;
  var sums: array<vec4f, VALUE_FOURS>;
  for (var first = 0u; first < u32(KEYS); first += STAGED_KEYS) {
    put(from_k, from_v, first, lane);
    workgroupBarrier();
    var scores: array<f32, STAGED_KEYS>;
    var next = largest;
    for (var j = 0u; j < STAGED_KEYS + rolled(); j++) {
      var four = vec4f();  // without a value llvmpipe keeps that of the last turn
      for (var c = 0u; c < FOURS + rolled(); c++) { four += row_of_q[c] * staged_k[j * FOURS + c]; }
      var score = (four.x + four.y) + (four.z + four.w);
      if (first + j >= u32(KEYS)) { score = f32(LOWEST); }
      else if (HAS_MASK) { score += mask[from_mask + (first + j) * u32(MASK_COLUMN)]; }
      scores[j] = score;
      next = max(next, score);
    }
    let correction = exp(largest - next);
    largest = next;
    total *= correction;
    for (var c = 0u; c < VALUE_FOURS + rolled(); c++) { sums[c] *= correction; }
    for (var j = 0u; j < STAGED_KEYS + rolled(); j++) {
      let share = select(0.0, exp(scores[j] - largest), first + j < u32(KEYS));
      total += share;
      for (var c = 0u; c < VALUE_FOURS + rolled(); c++) { sums[c] += share * staged_v[j * VALUE_FOURS + c]; }
    }
    workgroupBarrier();  // `staged_k` and `staged_v` are used again
  }
  if (!inside) { return; }
  if (ZERO_EMPTY && total == 0.0) { total = 1.0; }  // the sums are 0
  let to = item * u32(Y_ITEM) + u32(Y_OFFSET) + outer * u32(Y_OUTER) + head * u32(Y_HEAD) + row * u32(Y_ROW);
  for (var c = 0u; c < VALUE_FOURS + rolled(); c++) {
    let four = sums[c] / total;
    for (var i = 0u; i < min(4u, u32(VALUE_CHANNELS) - c * 4u); i++) { y[to + (c * 4u + i) * u32(Y_COLUMN)] = T5(four[i]); }
  }
}

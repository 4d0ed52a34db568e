// softmax(SCALE · q · kᵀ + mask) · v, one workgroup a row of q. Keys come 64 at a time; the largest score, the sum of
// exponentials and the weighted sums of v are corrected whenever a larger score appears (Milakov and Gimelshein, arXiv
// 1805.02867), so that no row of scores is ever stored and no exponential overflows.
// Prelude: HEADS ROWS KEYS CHANNELS VALUE_CHANNELS MATRICES (outer · heads) SCALE HAS_MASK ZERO_EMPTY, and for each of Q K V Y MASK
// where its matrices lie: _ITEM (distance of items) _OFFSET _OUTER _HEAD _ROW _COLUMN.

@group(0) @binding(1) var<storage, read> q: array<T1>;
@group(0) @binding(2) var<storage, read> k: array<T2>;
@group(0) @binding(3) var<storage, read> v: array<T3>;
@group(0) @binding(4) var<storage, read> mask: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<T5>;

const PARTS = (u32(VALUE_CHANNELS) + WORKGROUP - 1u) / WORKGROUP;
const LOWEST = -3.4028234663852886e38;

var<workgroup> row_of_q: array<f32, CHANNELS>;
var<workgroup> weights: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= run.items * u32(MATRICES * ROWS)) { return; }  // the same for the whole workgroup
  let row = index % u32(ROWS);
  let matrix = index / u32(ROWS);
  let head = matrix % u32(HEADS);
  let outer = matrix / u32(HEADS) % u32(MATRICES / HEADS);
  let item = matrix / u32(MATRICES);
  let from_q = item * u32(Q_ITEM) + u32(Q_OFFSET) + outer * u32(Q_OUTER) + head * u32(Q_HEAD) + row * u32(Q_ROW);
  let from_k = item * u32(K_ITEM) + u32(K_OFFSET) + outer * u32(K_OUTER) + head * u32(K_HEAD);
  let from_v = item * u32(V_ITEM) + u32(V_OFFSET) + outer * u32(V_OUTER) + head * u32(V_HEAD);
  let from_mask = item * u32(MASK_ITEM) + u32(MASK_OFFSET) + outer * u32(MASK_OUTER) + head * u32(MASK_HEAD) + row * u32(MASK_ROW);
  let to = item * u32(Y_ITEM) + u32(Y_OFFSET) + outer * u32(Y_OUTER) + head * u32(Y_HEAD) + row * u32(Y_ROW);
  for (var c = lane; c < u32(CHANNELS); c += WORKGROUP) { row_of_q[c] = f32(q[from_q + c * u32(Q_COLUMN)]) * f32(SCALE); }
  workgroupBarrier();

  var largest = f32(LOWEST);
  var total = 0.0;
  var sums: array<f32, PARTS>;
  for (var first = 0u; first < u32(KEYS) + run.zero; first += WORKGROUP) {
    let key = first + lane;
    var score = f32(LOWEST);
    if (key < u32(KEYS)) {
      score = 0.0;
      for (var c = 0u; c < u32(CHANNELS) + run.zero; c++) { score += row_of_q[c] * f32(k[from_k + key * u32(K_ROW) + c * u32(K_COLUMN)]); }
      if (HAS_MASK) { score += mask[from_mask + key * u32(MASK_COLUMN)]; }
    }
    let next = max(largest, max_over_workgroup(lane, score));
    let correction = exp(largest - next);
    largest = next;
    weights[lane] = select(0.0, exp(score - largest), key < u32(KEYS));
    total = total * correction + sum_over_workgroup(lane, weights[lane]);
    for (var part = 0u; part < PARTS; part++) {
      let channel = part * WORKGROUP + lane;
      if (channel >= u32(VALUE_CHANNELS)) { break; }
      var sum = sums[part] * correction;
      for (var i = 0u; i < min(WORKGROUP, u32(KEYS) - first) + run.zero; i++) {
        sum += weights[i] * f32(v[from_v + (first + i) * u32(V_ROW) + channel * u32(V_COLUMN)]);
      }
      sums[part] = sum;
    }
    workgroupBarrier();  // `weights` is used again
  }
  if (ZERO_EMPTY && total == 0.0) { total = 1.0; }  // the sums are 0
  for (var part = 0u; part < PARTS; part++) {
    let channel = part * WORKGROUP + lane;
    if (channel < u32(VALUE_CHANNELS)) { y[to + channel * u32(Y_COLUMN)] = T5(sums[part] / total); }
  }
}

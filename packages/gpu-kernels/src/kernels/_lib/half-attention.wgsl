// What both twins of half-precision attention share: where a block lies, staging, softmax, and the end of a block.
// y = softmax(SCALE · q · kᵀ + mask) · v. A workgroup makes QUERIES rows of one matrix and walks the keys in tiles of
// KEYS_AT_ONCE. q, k, v and the weights of v are float16; scores, exponentials and all sums are float32.
//
// `stage` holds, in words of 16 bytes, the rows of q; the rows of k and then, in the same place, those of v; and a strip of
// float32 scores, in whose place their exponentials are written as halves. A word of padding a row shifts the banks.
//
// Scores are taken relative to a reference, the largest score of the row when it last was corrected. Only a score that is
// more than HEADROOM larger makes it rise, and only then are the sums of v corrected, which means that they leave the
// matrices: exponentials up to e^8 are far from the end of float16. The sum of weights is that of the rounded ones.
// Prelude: that of rows.wgsl, and QUERIES KEYS_AT_ONCE MATRIX SUBGROUP THREADS STAGED ROLLED.

@group(0) @binding(4) var<storage, read> mask: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<T5>;

const SIDE = u32(MATRIX);
const TILE = u32(KEYS_AT_ONCE);
const LANES_A_ROW = u32(SUBGROUP) / SIDE;
const SHARE = TILE / LANES_A_ROW;                      // keys that a thread weighs for its row
const Q_WORDS = (u32(CHANNELS) + 15u) / 16u * 2u;      // of a row of q or k, filled up with zeros
const V_WORDS = (u32(VALUE_CHANNELS) + 15u) / 16u * 2u;
const VALUE_BLOCKS = V_WORDS * 8u / SIDE;              // matrices side by side that hold sums
const Q_STRIDE = Q_WORDS + 1u;
const KV_STRIDE = max(Q_WORDS, V_WORDS) + 1u;
const STRIP_STRIDE = TILE / 4u + 1u;
const FROM_KV = u32(QUERIES) * Q_STRIDE;
const FROM_STRIP = FROM_KV + TILE * KV_STRIDE;
const LOADS = (TILE * max(Q_WORDS, V_WORDS) + u32(THREADS) - 1u) / u32(THREADS);
const LOWEST = -3.4028234663852886e38;
const HEADROOM = 8.0;
const_assert FROM_STRIP + u32(QUERIES) * STRIP_STRIDE == u32(STAGED);

var<workgroup> stage: array<vec4<u32>, STAGED>;
var<workgroup> partial: array<f32, THREADS>;
var<workgroup> of_row: array<f32, QUERIES>;  // what its sums are multiplied by
var<workgroup> rise: atomic<u32>;            // 1 where a row of the block is corrected

struct Place { first: u32, q: u32, k: u32, v: u32, mask: u32, y: u32, inside: bool }

// Registers of a thread between fetching and staging.
struct Fetched { words: array<vec4<u32>, LOADS> }

// Of one row, or of a thread's part of it.
struct Weighing { reference: f32, total: f32 }

fn place_of(group: vec3u, groups: vec3u) -> Place {
  let blocks = (u32(ROWS) + u32(QUERIES) - 1u) / u32(QUERIES);
  let index = group.y * groups.x + group.x;
  let matrix = index / blocks;
  let head = matrix % u32(HEADS);
  let outer = matrix / u32(HEADS) % u32(MATRICES / HEADS);
  let item = matrix / u32(MATRICES);
  return Place(
    index % blocks * u32(QUERIES),
    item * u32(Q_ITEM) + u32(Q_OFFSET) + outer * u32(Q_OUTER) + head * u32(Q_HEAD),
    item * u32(K_ITEM) + u32(K_OFFSET) + outer * u32(K_OUTER) + head * u32(K_HEAD),
    item * u32(V_ITEM) + u32(V_OFFSET) + outer * u32(V_OUTER) + head * u32(V_HEAD),
    item * u32(MASK_ITEM) + u32(MASK_OFFSET) + outer * u32(MASK_OUTER) + head * u32(MASK_HEAD),
    item * u32(Y_ITEM) + u32(Y_OFFSET) + outer * u32(Y_OUTER) + head * u32(Y_HEAD),
    index < run.items * u32(MATRICES) * blocks);
}

// Rows beyond the last repeat it: what they give is never stored.
fn put_q(place: Place, lane: u32) {
  for (var i = lane; i < u32(QUERIES) * Q_WORDS; i += u32(THREADS)) {
    let row = min(place.first + i / Q_WORDS, u32(ROWS) - 1u);
    stage[i / Q_WORDS * Q_STRIDE + i % Q_WORDS] = eight_of_q(place.q + row * u32(Q_ROW), i % Q_WORDS * 8u);
  }
}

fn fetch_k(place: Place, first: u32, lane: u32) -> Fetched {
  var fetched: Fetched;
  for (var i = 0u; i < LOADS + rolled(); i++) {
    let word = lane + i * u32(THREADS);
    let key = min(first + word / Q_WORDS, u32(KEYS) - 1u);  // beyond the last it is repeated, and its weight is 0
    fetched.words[i] = eight_of_k(place.k + key * u32(K_ROW), word % Q_WORDS * 8u);
  }
  return fetched;
}

fn fetch_v(place: Place, first: u32, lane: u32) -> Fetched {
  var fetched: Fetched;
  for (var i = 0u; i < LOADS + rolled(); i++) {
    let word = lane + i * u32(THREADS);
    let key = min(first + word / V_WORDS, u32(KEYS) - 1u);
    fetched.words[i] = eight_of_v(place.v + key * u32(V_ROW), word % V_WORDS * 8u);
  }
  return fetched;
}

fn put(fetched: Fetched, words: u32, lane: u32) {
  for (var i = 0u; i < LOADS + rolled(); i++) {
    let word = lane + i * u32(THREADS);
    if (word < TILE * words) { stage[FROM_KV + word / words * KV_STRIDE + word % words] = fetched.words[i]; }
  }
}

// A thread's scores from the strip; their largest goes to the other threads of its row.
fn scores_of(place: Place, first: u32, lane: u32) -> array<f32, SHARE> {
  let row = lane / LANES_A_ROW;
  let part = lane % LANES_A_ROW * SHARE;
  let from_mask = place.mask + min(place.first + row, u32(ROWS) - 1u) * u32(MASK_ROW);
  var scores: array<f32, SHARE>;
  var largest = f32(LOWEST);
  for (var i = 0u; i < SHARE + rolled(); i += 4u) {
    let four = bitcast<vec4f>(stage[FROM_STRIP + row * STRIP_STRIDE + (part + i) / 4u]) * f32(SCALE);
    for (var c = 0u; c < 4u; c++) {
      let key = first + part + i + c;
      var score = four[c];
      if (HAS_MASK) { score += mask[from_mask + min(key, u32(KEYS) - 1u) * u32(MASK_COLUMN)]; }
      scores[i + c] = select(f32(LOWEST), score, key < u32(KEYS));
      largest = max(largest, scores[i + c]);
    }
  }
  partial[lane] = largest;
  if (lane == 0u) { atomicStore(&rise, 0u); }
  return scores;
}

// Raises the reference of a row whose scores have outgrown it, and says so to the whole block.
fn settle(lane: u32, weighing: ptr<function, Weighing>) {
  var largest = partial[lane];
  if (LANES_A_ROW == 2u) { largest = max(largest, partial[lane ^ 1u]); }
  var correction = 1.0;
  if (largest > (*weighing).reference + f32(HEADROOM)) {
    correction = exp((*weighing).reference - largest);
    *weighing = Weighing(largest, (*weighing).total * correction);
    atomicStore(&rise, 1u);
  }
  if (lane % LANES_A_ROW == 0u) { of_row[lane / LANES_A_ROW] = correction; }
}

// Exponentials take the place of their scores, as halves, and are summed up as they were rounded. Not with halves_of: Mesa's
// compilers take a conversion there and back away and sum up what was not rounded.
fn put_weights(first: u32, lane: u32, scores: array<f32, SHARE>, weighing: ptr<function, Weighing>) {
  let part = lane % LANES_A_ROW * SHARE;
  let to = FROM_STRIP + lane / LANES_A_ROW * STRIP_STRIDE + part / 8u;
  for (var i = 0u; i < SHARE + rolled(); i += 8u) {
    var eight: vec4<u32>;
    for (var pair = 0u; pair < 4u; pair++) {
      let at = i + 2u * pair;
      let inside = vec2<bool>(first + part + at < u32(KEYS), first + part + at + 1u < u32(KEYS));
      let weights = exp(vec2f(scores[at], scores[at + 1u]) - (*weighing).reference);
      eight[pair] = pack2x16float(select(vec2f(), weights, inside));
      let rounded = unpack2x16float(eight[pair]);
      (*weighing).total += rounded.x + rounded.y;
    }
    stage[to + i / 8u] = eight;
  }
}

// After a barrier, `of_row` holds what turns sums into means.
fn put_totals(lane: u32, weighing: Weighing) {
  partial[lane] = weighing.total;
  workgroupBarrier();
  var total = partial[lane];
  if (LANES_A_ROW == 2u) { total += partial[lane ^ 1u]; }
  if (ZERO_EMPTY && total == 0.0) { total = 1.0; }  // the sums are 0
  of_row[lane / LANES_A_ROW] = 1.0 / total;
}

// Takes SIDE columns of sums of every row from the front of the strip to y.
fn finish(place: Place, block: u32, lane: u32) {
  for (var i = lane; i < u32(QUERIES) * SIDE; i += u32(THREADS)) {
    let row = i / SIDE;
    let column = block * SIDE + i % SIDE;
    if (place.first + row >= u32(ROWS) || column >= u32(VALUE_CHANNELS)) { continue; }
    let sum = bitcast<f32>(stage[FROM_STRIP + row * STRIP_STRIDE + i % SIDE / 4u][i % 4u]);
    y[place.y + (place.first + row) * u32(Y_ROW) + column * u32(Y_COLUMN)] = T5(sum * of_row[row]);
  }
}

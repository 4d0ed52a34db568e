// normalise.wgsl for layers written in halves, a multiple of 8 a row: y = (x − mean) / √(variance + EPSILON) · scale + bias. One
// workgroup a row, which is read once, eight numbers at a time (rows-packed.wgsl or rows-full.wgsl), and kept in registers through both passes.
// Prelude: WIDTH PARTS (rows an item) EPSILON CENTRED HAS_SCALE HAS_BIAS ROLLED.

@group(0) @binding(2) var<storage, read> scale: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<u32>>;

const WORDS = u32(WIDTH) / 8u;
const LOADS = (WORDS + WORKGROUP - 1u) / WORKGROUP;

struct Eight { low: vec4f, high: vec4f }

fn word_of(low: vec4f, high: vec4f) -> vec4<u32> {
  return vec4<u32>(halves_of(low.xy), halves_of(low.zw), halves_of(high.xy), halves_of(high.zw));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= run.items * u32(PARTS)) { return; }  // the same for the whole workgroup
  var words: array<Word, LOADS>;
  var sum = 0.0;
  for (var i = 0u; i < LOADS + rolled(); i++) {
    let at = lane + i * WORKGROUP;
    words[i] = Word();
    if (at < WORDS) { words[i] = word_at(row * WORDS + at); }
    let eight = eight_of(words[i]);
    sum += dot(eight.low, vec4f(1.0)) + dot(eight.high, vec4f(1.0));
  }
  var mean = 0.0;
  if (CENTRED) { mean = sum_over_workgroup(lane, sum) / f32(WIDTH); }
  var squares = 0.0;
  for (var i = 0u; i < LOADS + rolled(); i++) {
    let eight = eight_of(words[i]);
    let low = eight.low - mean;
    let high = eight.high - mean;
    if (lane + i * WORKGROUP < WORDS) { squares += dot(low, low) + dot(high, high); }
  }
  let deviation = sqrt(sum_over_workgroup(lane, squares) / f32(WIDTH) + f32(EPSILON));
  for (var i = 0u; i < LOADS + rolled(); i++) {
    let at = lane + i * WORKGROUP;
    if (at >= WORDS) { continue; }
    let eight = eight_of(words[i]);
    var low = (eight.low - mean) / deviation;
    var high = (eight.high - mean) / deviation;
    if (HAS_SCALE) { low *= scale[2u * at]; high *= scale[2u * at + 1u]; }
    if (HAS_BIAS) { low += bias[2u * at]; high += bias[2u * at + 1u]; }
    y[row * WORDS + at] = word_of(low, high);
  }
}

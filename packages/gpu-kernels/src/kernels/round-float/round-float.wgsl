// Each number as float16 or bfloat16 hold it, halves to even. On bits, because how a GPU rounds conversions is not laid down.
// Prelude: IS_BFLOAT16.

struct Run { items: u32, zero: u32, size: u32 }
@group(0) @binding(0) var<uniform> run: Run;

@group(0) @binding(1) var<storage, read> x: array<u32>;  // bits of float32
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

const INFINITY = 0x7f800000u;

// A carry into the exponent is the next power of two, or infinity.
fn without_bits(bits: u32, dropped: u32) -> u32 {
  let half = (1u << (dropped - 1u)) - 1u + ((bits >> dropped) & 1u);
  return ((bits + half) >> dropped) << dropped;
}

fn rounded(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  if (magnitude >= INFINITY) { return bits; }  // infinity and NaN
  if (IS_BFLOAT16) { return without_bits(bits, 16u); }
  let sign = bits & 0x80000000u;
  if (magnitude < 0x38800000u) {  // below 2^-14 float16 has a fixed step of 2^-24
    return sign | bitcast<u32>(round(bitcast<f32>(magnitude) * 16777216.0) / 16777216.0);
  }
  let result = without_bits(magnitude, 13u);
  return sign | select(result, INFINITY, result > 0x477fe000u);  // 65504, the greatest float16
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index < run.items * run.size) { y[index] = rounded(x[index]); }
}

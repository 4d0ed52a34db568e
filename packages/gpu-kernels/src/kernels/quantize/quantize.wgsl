// q = clamp(round(x / scale) + zero point, low, high); `round` of WGSL takes halves to the even integer, as ONNX does.
// A GPU may divide with an error of 2.5 units in the last place, so what lies that close to a half can round the other way.
// Prelude: DEQUANTIZE (write (q - zero point) * scale), OF_ITEM (a pair for each item; else for each channel).
// Sizes come with the run, so that all layers of a network share a variant.

struct Run { items: u32, zero: u32, size: u32, inner: u32, channels: u32, low: i32, high: i32 }
@group(0) @binding(0) var<uniform> run: Run;

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> parameters: array<f32>;  // pairs of scale and zero point
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= run.items * run.size) { return; }
  var pair = index / run.inner % run.channels;
  if (OF_ITEM) { pair = index / run.size; }
  let scale = parameters[2u * pair];
  let zero_point = parameters[2u * pair + 1u];
  let q = clamp(round(x[index] / scale) + zero_point, f32(run.low), f32(run.high));
  y[index] = select(q, (q - zero_point) * scale, DEQUANTIZE);
}

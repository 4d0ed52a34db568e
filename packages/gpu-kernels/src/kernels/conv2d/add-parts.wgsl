// What follows a product whose inner dimension was shared: sums of the PARTS in order, then bias, residual and activation.
// One thread a result. Prelude: PARTS HAS_BIAS HAS_RESIDUAL, and those of activation.wgsl.

@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<T3>;
@group(0) @binding(4) var<storage, read_write> y: array<T4>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  let count = run.items * run.out_height * run.out_width * run.out_channels;
  if (index >= count) { return; }
  var sum = 0.0;
  for (var part = 0u; part < u32(PARTS); part++) { sum += parts[part * count + index]; }
  if (HAS_BIAS) { sum += bias[index % run.out_channels]; }
  if (HAS_RESIDUAL) { sum += f32(residual[index]); }
  y[index] = T4(activate(sum));
}

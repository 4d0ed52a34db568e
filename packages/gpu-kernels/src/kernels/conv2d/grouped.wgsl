// Convolution with groups, depthwise among them: one thread an output number, neighbours along the channels.
// Prelude: as implicit-gemm without POINTWISE, and GROUP_CHANNELS (input channels a group), GROUP_OUTPUTS, ROLLED.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read> weight: array<T2>;
@group(0) @binding(3) var<storage, read> bias: array<T3>;
@group(0) @binding(4) var<storage, read> residual: array<T4>;
@group(0) @binding(5) var<storage, read_write> y: array<T5>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(OUT_HEIGHT * OUT_WIDTH * OUT_CHANNELS)) { return; }
  let channel = to % u32(OUT_CHANNELS);
  let pixel = to / u32(OUT_CHANNELS);
  let out_x = i32(pixel % u32(OUT_WIDTH));
  let out_y = i32(pixel / u32(OUT_WIDTH) % u32(OUT_HEIGHT));
  let item = pixel / u32(OUT_WIDTH * OUT_HEIGHT);
  let first_channel = channel / u32(GROUP_OUTPUTS) * u32(GROUP_CHANNELS);
  let channels = u32(GROUP_CHANNELS) + select(0u, rolled(), GROUP_CHANNELS > 1);  // a loop of one round costs more than it saves
  var sum = 0.0;
  for (var ky = 0; ky < KERNEL_HEIGHT + i32(rolled()); ky++) {
    let from_y = out_y * STRIDE_Y + ky * DILATION_Y - PAD_TOP;
    if (from_y < 0 || from_y >= HEIGHT) { continue; }
    for (var kx = 0; kx < KERNEL_WIDTH + i32(rolled()); kx++) {
      let from_x = out_x * STRIDE_X + kx * DILATION_X - PAD_LEFT;
      if (from_x < 0 || from_x >= WIDTH) { continue; }
      let at = ((item * u32(HEIGHT) + u32(from_y)) * u32(WIDTH) + u32(from_x)) * u32(CHANNELS) + first_channel;
      let tap = ((channel * u32(KERNEL_HEIGHT) + u32(ky)) * u32(KERNEL_WIDTH) + u32(kx)) * u32(GROUP_CHANNELS);
      for (var i = 0u; i < channels; i++) { sum += f32(x[at + i]) * f32(weight[tap + i]); }
    }
  }
  if (HAS_BIAS) { sum += f32(bias[channel]); }
  if (HAS_RESIDUAL) { sum += f32(residual[to]); }
  y[to] = T5(activate(sum));
}

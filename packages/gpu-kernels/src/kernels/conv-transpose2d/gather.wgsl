// Transposed convolution, gathered: one thread a result, which asks for each tap which input pixel reaches it, if any.
// Prelude: HEIGHT WIDTH CHANNELS OUT_HEIGHT OUT_WIDTH OUT_CHANNELS KERNEL_HEIGHT KERNEL_WIDTH STRIDE_Y STRIDE_X DILATION_Y
// DILATION_X PAD_TOP PAD_LEFT GROUP_CHANNELS GROUP_OUTPUTS HAS_BIAS. Weight [OUT_CHANNELS, kernel, GROUP_CHANNELS].

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<T4>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(OUT_HEIGHT * OUT_WIDTH * OUT_CHANNELS)) { return; }
  let channel = to % u32(OUT_CHANNELS);
  let pixel = to / u32(OUT_CHANNELS);
  let out_x = i32(pixel % u32(OUT_WIDTH)) + PAD_LEFT;
  let out_y = i32(pixel / u32(OUT_WIDTH) % u32(OUT_HEIGHT)) + PAD_TOP;
  let item = pixel / u32(OUT_WIDTH * OUT_HEIGHT);
  let first_channel = channel / u32(GROUP_OUTPUTS) * u32(GROUP_CHANNELS);
  var sum = 0.0;
  for (var ky = 0; ky < KERNEL_HEIGHT + i32(run.zero); ky++) {
    let offset_y = out_y - ky * DILATION_Y;
    if (offset_y < 0 || offset_y % STRIDE_Y != 0 || offset_y / STRIDE_Y >= HEIGHT) { continue; }
    for (var kx = 0; kx < KERNEL_WIDTH + i32(run.zero); kx++) {
      let offset_x = out_x - kx * DILATION_X;
      if (offset_x < 0 || offset_x % STRIDE_X != 0 || offset_x / STRIDE_X >= WIDTH) { continue; }
      let at = ((item * u32(HEIGHT) + u32(offset_y / STRIDE_Y)) * u32(WIDTH) + u32(offset_x / STRIDE_X)) * u32(CHANNELS) + first_channel;
      let tap = ((channel * u32(KERNEL_HEIGHT) + u32(ky)) * u32(KERNEL_WIDTH) + u32(kx)) * u32(GROUP_CHANNELS);
      for (var i = 0u; i < u32(GROUP_CHANNELS) + run.zero; i++) { sum += f32(x[at + i]) * weight[tap + i]; }
    }
  }
  if (HAS_BIAS) { sum += bias[channel]; }
  y[to] = T4(sum);
}

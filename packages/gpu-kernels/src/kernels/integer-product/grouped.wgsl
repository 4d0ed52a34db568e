// Convolution of integers with groups, one thread a result. Prelude: GROUP_CHANNELS, GROUP_OUTPUTS, and that of
// _lib/integer-product.wgsl.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * run.out_height * run.out_width * run.out_channels) { return; }
  let kernel = pair(run.kernel);
  let strides = pair(run.strides);
  let pads = pair(run.pads);
  let dilations = pair(run.dilations);
  let channel = to % run.out_channels;
  let pixel = to / run.out_channels;
  let out_x = i32(pixel % run.out_width);
  let out_y = i32(pixel / run.out_width % run.out_height);
  let item = pixel / (run.out_width * run.out_height);
  let first_channel = channel / u32(GROUP_OUTPUTS) * u32(GROUP_CHANNELS);
  let inner_size = u32(kernel.x * kernel.y) * u32(GROUP_CHANNELS);
  let row = channel * ((inner_size + PER_WORD - 1u) / PER_WORD);
  var sum = 0;
  for (var ky = 0; ky < kernel.x; ky++) {
    let from_y = out_y * strides.x + ky * dilations.x - pads.x;
    if (from_y < 0 || from_y >= run.height) { continue; }
    for (var kx = 0; kx < kernel.y; kx++) {
      let from_x = out_x * strides.y + kx * dilations.y - pads.y;
      if (from_x < 0 || from_x >= run.width) { continue; }
      let at = ((item * u32(run.height) + u32(from_y)) * u32(run.width) + u32(from_x)) * run.channels + first_channel;
      let tap = u32(ky * kernel.y + kx) * u32(GROUP_CHANNELS);
      for (var i = 0u; i < u32(GROUP_CHANNELS); i++) { sum += (i32(x[at + i]) - run.zero_point) * weight_at(row, tap + i); }
    }
  }
  y[to] = finish(sum, channel);
}

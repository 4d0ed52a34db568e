// Max, mean or sum over windows; one thread a result. Prelude: HEIGHT WIDTH CHANNELS OUT_HEIGHT OUT_WIDTH KERNEL_HEIGHT
// KERNEL_WIDTH STRIDE_Y STRIDE_X DILATION_Y DILATION_X PAD_TOP PAD_LEFT PAD_BOTTOM PAD_RIGHT IS_MAX IS_SUM COUNT_PAD.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(OUT_HEIGHT * OUT_WIDTH * CHANNELS)) { return; }
  let channel = to % u32(CHANNELS);
  let pixel = to / u32(CHANNELS);
  let first_x = i32(pixel % u32(OUT_WIDTH)) * STRIDE_X - PAD_LEFT;
  let first_y = i32(pixel / u32(OUT_WIDTH) % u32(OUT_HEIGHT)) * STRIDE_Y - PAD_TOP;
  let item = pixel / u32(OUT_WIDTH * OUT_HEIGHT);
  var largest = bitcast<f32>(0xff800000u + run.zero);  // -∞
  var largest_bits = 0u;
  var sum = 0.0;
  var count = 0u;
  for (var ky = 0; ky < KERNEL_HEIGHT; ky++) {
    let from_y = first_y + ky * DILATION_Y;
    if (from_y >= HEIGHT + PAD_BOTTOM) { break; }
    for (var kx = 0; kx < KERNEL_WIDTH; kx++) {
      let from_x = first_x + kx * DILATION_X;
      if (from_x >= WIDTH + PAD_RIGHT) { break; }
      let inside = from_y >= 0 && from_y < HEIGHT && from_x >= 0 && from_x < WIDTH;
      if (COUNT_PAD || inside) { count++; }
      if (!inside) { continue; }
      let value = f32(x[((item * u32(HEIGHT) + u32(from_y)) * u32(WIDTH) + u32(from_x)) * u32(CHANNELS) + channel]);
      largest = max(largest, value);
      largest_bits = max(largest_bits, size_bits(value));
      sum += value;
    }
  }
  y[to] = T2(select(sum / select(f32(count), 1.0, IS_SUM), nan_or(largest_bits, largest), IS_MAX));
}

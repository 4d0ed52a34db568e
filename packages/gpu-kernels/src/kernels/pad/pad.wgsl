// Constant padding of images, cropping where negative. Prelude: HEIGHT WIDTH CHANNELS OUT_HEIGHT OUT_WIDTH PAD_TOP PAD_LEFT VALUE.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(OUT_HEIGHT * OUT_WIDTH * CHANNELS)) { return; }
  let pixel = to / u32(CHANNELS);
  let from_x = i32(pixel % u32(OUT_WIDTH)) - PAD_LEFT;
  let from_y = i32(pixel / u32(OUT_WIDTH) % u32(OUT_HEIGHT)) - PAD_TOP;
  let item = pixel / u32(OUT_WIDTH * OUT_HEIGHT);
  var value = f32(VALUE);
  if (from_y >= 0 && from_y < HEIGHT && from_x >= 0 && from_x < WIDTH) {
    value = f32(x[((item * u32(HEIGHT) + u32(from_y)) * u32(WIDTH) + u32(from_x)) * u32(CHANNELS) + to % u32(CHANNELS)]);
  }
  y[to] = T2(value);
}

// Output pixel (y, x) reads input pixel (floor(y · HEIGHT / OUT_HEIGHT), …). Prelude: HEIGHT WIDTH CHANNELS OUT_HEIGHT OUT_WIDTH.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(OUT_HEIGHT * OUT_WIDTH * CHANNELS)) { return; }
  let pixel = to / u32(CHANNELS);
  let from_x = pixel % u32(OUT_WIDTH) * u32(WIDTH) / u32(OUT_WIDTH);
  let from_y = pixel / u32(OUT_WIDTH) % u32(OUT_HEIGHT) * u32(HEIGHT) / u32(OUT_HEIGHT);
  let item = pixel / u32(OUT_WIDTH * OUT_HEIGHT);
  y[to] = T2(x[((item * u32(HEIGHT) + from_y) * u32(WIDTH) + from_x) * u32(CHANNELS) + to % u32(CHANNELS)]);
}

// Mean over the pixels; one thread a channel of an item. Prelude: PIXELS CHANNELS.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(CHANNELS)) { return; }
  let first = to / u32(CHANNELS) * u32(PIXELS * CHANNELS) + to % u32(CHANNELS);
  var sum = 0.0;
  for (var pixel = 0u; pixel < u32(PIXELS); pixel++) { sum += x[first + pixel * u32(CHANNELS)]; }
  y[to] = sum / f32(PIXELS);
}

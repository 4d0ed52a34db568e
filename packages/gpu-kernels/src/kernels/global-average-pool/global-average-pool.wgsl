// Mean over the pixels; one thread a channel of an item. Prelude: PIXELS CHANNELS.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(CHANNELS)) { return; }
  let first = to / u32(CHANNELS) * u32(PIXELS * CHANNELS) + to % u32(CHANNELS);
  // Sums of runs, then their sum: one running sum over thousands of pixels loses three digits.
  var sum = 0.0;
  for (var start = 0u; start < u32(PIXELS); start += 128u) {
    var part = 0.0;
    for (var pixel = start; pixel < min(start + 128u, u32(PIXELS)); pixel++) { part += f32(x[first + pixel * u32(CHANNELS)]); }
    sum += part;
  }
  y[to] = T2(sum / f32(PIXELS));
}

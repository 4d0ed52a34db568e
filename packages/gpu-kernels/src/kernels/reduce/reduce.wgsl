// Sum or mean over one dimension; one thread a result. Prelude: LENGTH (of the dimension), INNER (numbers behind it),
// SIZE (results an item), IS_MEAN. Results stay float32: a sum of squares soon leaves float16.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(SIZE)) { return; }
  let first = to / u32(INNER) * u32(LENGTH * INNER) + to % u32(INNER);
  var sum = 0.0;
  for (var i = 0u; i < u32(LENGTH); i++) { sum += f32(x[first + i * u32(INNER)]); }
  if (IS_MEAN) { sum /= f32(LENGTH); }
  y[to] = sum;
}

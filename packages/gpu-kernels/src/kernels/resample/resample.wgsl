// Along one dimension, each result is a weighted sum of the inputs that a table names: x and y are [outer, LENGTH, INNER]
// and [outer, OUT_LENGTH, INNER], the tables [OUT_LENGTH, TAPS]. Prelude: LENGTH OUT_LENGTH INNER TAPS ITEM_SIZE.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read> indices: array<f32>;
@group(0) @binding(3) var<storage, read> factors: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<T4>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(ITEM_SIZE)) { return; }
  let inner = to % u32(INNER);
  let at = to / u32(INNER) % u32(OUT_LENGTH);
  let outer = to / u32(INNER * OUT_LENGTH);
  var sum = 0.0;
  for (var tap = at * u32(TAPS); tap < (at + 1u) * u32(TAPS); tap++) {
    sum += factors[tap] * f32(x[(outer * u32(LENGTH) + u32(indices[tap])) * u32(INNER) + inner]);
  }
  y[to] = T4(sum);
}

// Sum, mean, largest, smallest or product over one dimension; one thread a result. Prelude: LENGTH (of the dimension), INNER (numbers behind it),
// SIZE (results an item), FUNCTION (0 to 4, in that order). Results stay float32: a sum of squares soon leaves float16.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let to = flat_index(group, groups, lane);
  if (to >= run.items * u32(SIZE)) { return; }
  let first = to / u32(INNER) * u32(LENGTH * INNER) + to % u32(INNER);
  var joined = f32(x[first]);
  var largest_bits = size_bits(joined);
  for (var i = 1u; i < u32(LENGTH); i++) {
    let value = f32(x[first + i * u32(INNER)]);
    largest_bits = max(largest_bits, size_bits(value));
    switch (FUNCTION) {
      case 2: { joined = max(joined, value); }
      case 3: { joined = min(joined, value); }
      case 4: { joined *= value; }
      default: { joined += value; }
    }
  }
  if (FUNCTION == 1) { joined /= f32(LENGTH); }
  // Sums and products keep NaN by themselves.
  y[to] = select(joined, nan_or(largest_bits, joined), FUNCTION == 2 || FUNCTION == 3);
}

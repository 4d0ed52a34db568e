// Softmax of each row. One workgroup a row, wrapped over y. Prelude: WIDTH (numbers a row), ROWS (an item).

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= run.items * u32(ROWS)) { return; }  // the same for the whole workgroup
  let first = row * u32(WIDTH);
  var largest = f32(x[first]);
  for (var i = lane; i < u32(WIDTH); i += WORKGROUP) { largest = max(largest, f32(x[first + i])); }
  largest = max_over_workgroup(lane, largest);
  var sum = 0.0;
  for (var i = lane; i < u32(WIDTH); i += WORKGROUP) { sum += exp(f32(x[first + i]) - largest); }
  sum = sum_over_workgroup(lane, sum);
  for (var i = lane; i < u32(WIDTH); i += WORKGROUP) { y[first + i] = T2(exp(f32(x[first + i]) - largest) / sum); }
}

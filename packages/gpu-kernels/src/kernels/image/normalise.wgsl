// (value * scale - mean) / deviation. Table: bits of the scale, of the means, of the deviations.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  for (var c = 0u; c < u32(CHANNELS); c++) {
    let value = load_value(x, y, c) * table_value(0u) - table_value(1u + c);
    store_value(index, c, value / table_value(1u + u32(CHANNELS) + c));
  }
}

// (value - the value at the even place before it) * 2 / 3.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  for (var c = 0u; c < u32(CHANNELS); c++) {
    let difference = load_value(x, y, c) - load_value(x - x % 2u, y - y % 2u, c);
    store_value(index, c, difference * 2.0 / 3.0);
  }
}

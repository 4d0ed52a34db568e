// float32 to float32, value by value. Prelude: FUNCTION, a number of `valueFunctions`. Table: bits of epsilon.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  for (var c = 0u; c < u32(CHANNELS); c++) {
    var value = load_value(x, y, c);
    switch (FUNCTION) {
      case 0: { value = round(clamp(value, 0.0, 255.0)); }
      case 1: { value = log(abs(value) + table_value(0u)); }
      default: {}
    }
    store_value(index, c, value);
  }
}

// Output pixel (x, y) is source pixel (table[x], table[out_width + y]), or `left` in every channel where an entry is -1.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let from_x = table[x];
  let from_y = table[image.out_width + y];
  let inside = from_x >= 0 && from_y >= 0;
  if (SOURCE_CHANNELS != 0) {
    var pixel = vec4i(image.left);
    if (inside) { pixel = load_pixel(u32(from_x), u32(from_y)); }
    store_pixel(index, pixel);
  } else {
    for (var c = 0u; c < u32(CHANNELS); c++) {
      var value = f32(image.left);
      if (inside) { value = load_value(u32(from_x), u32(from_y), c); }
      store_value(index, c, value);
    }
  }
}

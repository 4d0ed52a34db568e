// float32 linear interpolation along x, then along y: TensorFlow's bilinear resize.
// Table, for columns and then for rows: lower index, upper index, bits of the upper one's weight.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let width = image.out_width;
  let height = image.out_height;
  let row = width * 3u + y;
  let left = u32(table[x]);
  let right = u32(table[width + x]);
  let fraction_x = table_value(width * 2u + x);
  let top = u32(table[row]);
  let bottom = u32(table[row + height]);
  let fraction_y = table_value(row + height * 2u);
  for (var c = 0u; c < u32(CHANNELS); c++) {
    let top_left = load_value(left, top, c);
    let bottom_left = load_value(left, bottom, c);
    let above = top_left + (load_value(right, top, c) - top_left) * fraction_x;
    let below = bottom_left + (load_value(right, bottom, c) - bottom_left) * fraction_x;
    store_value(index, c, above + (below - above) * fraction_y);
  }
}

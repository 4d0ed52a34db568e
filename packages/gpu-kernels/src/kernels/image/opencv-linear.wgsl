// OpenCV's 8-bit INTER_LINEAR, exact in i32.
// Table, for columns and then for rows: lower index, upper index, 11-bit weight of the lower, of the upper.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let width = image.out_width;
  let height = image.out_height;
  let row = width * 4u + y;
  let left = u32(table[x]);
  let right = u32(table[width + x]);
  let left_weight = table[width * 2u + x];
  let right_weight = table[width * 3u + x];
  let top = u32(table[row]);
  let bottom = u32(table[row + height]);
  let above = load_pixel(left, top) * left_weight + load_pixel(right, top) * right_weight;
  let below = load_pixel(left, bottom) * left_weight + load_pixel(right, bottom) * right_weight;
  let upper = ((above >> vec4u(4u)) * table[row + height * 2u]) >> vec4u(16u);
  let lower = ((below >> vec4u(4u)) * table[row + height * 3u]) >> vec4u(16u);
  store_pixel(index, (upper + lower + 2) >> vec4u(2u));
}

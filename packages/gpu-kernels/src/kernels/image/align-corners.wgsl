// TensorFlow's align-corners bilinear resize, then crop (zero outside) and normalisation, in float32.
// Table, for columns and then for rows of the resized image: lower index, upper index, bits of the upper one's weight.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let at = vec2i(i32(index % image.out_width) + image.left, i32(index / image.out_width) + image.top);
  var pixel = vec3f(0);
  if (all(at >= vec2i(0)) && all(at < vec2i(i32(image.table_width), i32(image.table_height)))) {
    let width = image.table_width;
    let height = image.table_height;
    let column = u32(at.x);
    let row = width * 3u + u32(at.y);
    let left = u32(table[column]);
    let right = u32(table[width + column]);
    let fraction_x = bitcast<f32>(table[width * 2u + column]);
    let top = u32(table[row]);
    let bottom = u32(table[height + row]);
    let fraction_y = bitcast<f32>(table[height * 2u + row]);
    let top_left = vec3f(load_pixel(left, top));
    let bottom_left = vec3f(load_pixel(left, bottom));
    let above = top_left + (vec3f(load_pixel(right, top)) - top_left) * fraction_x;
    let below = bottom_left + (vec3f(load_pixel(right, bottom)) - bottom_left) * fraction_x;
    pixel = above + (below - above) * fraction_y;
  }
  write_normalised(index, pixel);
}

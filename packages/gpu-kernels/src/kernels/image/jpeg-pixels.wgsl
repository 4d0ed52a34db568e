// From the planes of jpeg-blocks to pixels: libjpeg's "fancy" chroma upsampling and its colour conversion, in i32.

fn chroma_at(plane: u32, x: u32, y: u32) -> i32 {
  let size = chroma_size(vec2u(image.out_width, image.out_height));
  let stride = blocks_of(size.x) * 8u;
  if (!SUBSAMPLED) { return i32(load_word(plane + y * stride + x)); }
  let column = x / 2u;
  let row = y / 2u;
  // Narrower planes are repeated instead: the filter needs three columns.
  if (size.x <= 2u) { return i32(load_word(plane + row * stride + column)); }
  let next = select(min(row + 1u, size.y - 1u), max(row, 1u) - 1u, y % 2u == 0u);
  let nearest = plane + row * stride;
  let second = plane + next * stride;
  let sum = i32(load_word(nearest + column) * 3u + load_word(second + column));
  let rounding = select(7, 8, x % 2u == 0u);
  let is_edge = select(column + 1u == size.x, column == 0u, x % 2u == 0u);
  if (is_edge) { return (sum * 4 + rounding) >> 4u; }
  let other = select(column + 1u, max(column, 1u) - 1u, x % 2u == 0u);
  let other_sum = i32(load_word(nearest + other) * 3u + load_word(second + other));
  return (sum * 3 + other_sum + rounding) >> 4u;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let size = vec2u(image.out_width, image.out_height);
  let luma = plane_blocks(size) * 64u;
  let chroma = plane_blocks(chroma_size(size)) * 64u;
  let light = i32(load_word(y * blocks_of(size.x) * 8u + x));
  let blue = chroma_at(luma, x, y) - 128;
  let red = chroma_at(luma + chroma, x, y) - 128;
  let rgb = vec3i(91881 * red, -22554 * blue - 46802 * red, 116130 * blue) + 32768;
  store_pixel(index, vec4i(clamp(light + (rgb >> vec3u(16u)), vec3i(0), vec3i(255)), 0));
}

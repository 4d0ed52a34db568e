// Tiles the output with patches in their order, row by row. `left`: their side, `top`: their number.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let size = u32(image.left);
  let rank = y / size * (image.out_width / size) + x / size;
  let number = load_word(size * size * u32(image.top) + rank);
  store_pixel(index, load_pixel(number * size * size + y % size * size + x % size, 0u));
}

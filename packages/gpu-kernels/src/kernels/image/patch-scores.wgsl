// Copies the patches, and writes behind them the texture of each: sums over CHANNELS of absolute differences between
// neighbours in four directions. `left`: their side, `top`: their number.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  let area = u32(image.left * image.left);
  let tiles = area * u32(image.top);
  if (index >= tiles + u32(image.top)) { return; }
  if (index < tiles) {
    output[image.output_offset + index] = load_word(index);
    return;
  }
  let size = u32(image.left);
  let start = (index - tiles) * area;
  var sum = vec4i(0);
  for (var y = 0u; y < size; y++) {
    for (var x = 0u; x < size; x++) {
      let at = start + y * size + x;
      let here = load_pixel(at, 0u);
      let has_right = x + 1u < size;
      let has_below = y + 1u < size;
      if (has_right) { sum += abs(here - load_pixel(at + 1u, 0u)); }
      if (has_below) { sum += abs(here - load_pixel(at + size, 0u)); }
      if (has_right && has_below) {
        sum += abs(here - load_pixel(at + size + 1u, 0u)) + abs(load_pixel(at + size, 0u) - load_pixel(at + 1u, 0u));
      }
    }
  }
  output[image.output_offset + index] = u32(sum.x + select(0, sum.y + sum.z, CHANNELS == 3));
}

// Cross-correlation with kernels of side `left`, zero outside. Prelude: SUMS: each kernel over the sum of the channels,
// else the only one on each. Table: bits of the kernels.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let size = image.left;
  for (var c = 0u; c < u32(OUT_CHANNELS); c++) {
    let kernel = select(0, i32(c) * size * size, SUMS);
    var sum = 0.0;
    for (var j = 0; j < size; j++) {
      for (var i = 0; i < size; i++) {
        let at = vec2i(i32(x) + i - size / 2, i32(y) + j - size / 2);
        if (any(at < vec2i(0)) || at.x >= i32(image.width) || at.y >= i32(image.height)) { continue; }
        var value = 0.0;
        if (SUMS) {
          for (var k = 0u; k < u32(CHANNELS); k++) { value += load_value(u32(at.x), u32(at.y), k); }
        } else {
          value = load_value(u32(at.x), u32(at.y), c);
        }
        sum += table_value(u32(kernel + j * size + i)) * value;
      }
    }
    store_value(index, c, sum);
  }
}

// DFT along x: for each channel the real and the imaginary part. Table: cosines of 2 pi i / width, then sines.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  for (var c = 0u; c < u32(CHANNELS); c++) {
    var sum = vec2f(0);
    var turn = 0u;
    for (var i = 0u; i < image.width; i++) {
      sum += load_value(i, y, c) * vec2f(table_value(turn), -table_value(image.width + turn));
      turn = (turn + x) % image.width;
    }
    store_value(index, c * 2u, sum.x);
    store_value(index, c * 2u + 1u, sum.y);
  }
}

// DFT along y of what dft-rows gives, squared, with zero frequency in the middle. Table: cosines, then sines, of the height.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let column = (x + image.width - image.width / 2u) % image.width;
  let row = (y + image.height - image.height / 2u) % image.height;
  for (var c = 0u; c < u32(OUT_CHANNELS); c++) {
    var sum = vec2f(0);
    var turn = 0u;
    for (var i = 0u; i < image.height; i++) {
      let value = vec2f(load_value(column, i, c * 2u), load_value(column, i, c * 2u + 1u));
      let unit = vec2f(table_value(turn), table_value(image.height + turn));
      sum += vec2f(value.x * unit.x + value.y * unit.y, value.y * unit.x - value.x * unit.y);
      turn = (turn + row) % image.height;
    }
    store_value(index, c, dot(sum, sum));
  }
}

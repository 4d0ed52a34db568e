// What dft-power gives, where the height is a power of two: one workgroup a column, with the steps of fft.wgsl.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.y * groups.x + group.x;
  if (column >= image.width) { return; }  // the same for the whole workgroup
  let x = (column + image.width / 2u) % image.width;
  for (var c = 0u; c < u32(OUT_CHANNELS); c++) {
    for (var i = lane; i < image.height; i += 64u) {
      line[i] = vec2f(load_value(column, i, c * 2u), load_value(column, i, c * 2u + 1u));
    }
    let at = transform(image.height, lane);
    for (var row = lane; row < image.height; row += 64u) {
      let y = (row + image.height / 2u) % image.height;
      store_value(y * image.width + x, c, dot(line[at + row], line[at + row]));
    }
    workgroupBarrier();  // `line` is used again
  }
}

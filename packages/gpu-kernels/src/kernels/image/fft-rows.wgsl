// What dft-rows gives, where the width is a power of two: one workgroup a row, with the steps of fft.wgsl.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let y = group.y * groups.x + group.x;
  if (y >= image.height) { return; }  // the same for the whole workgroup
  for (var c = 0u; c < u32(CHANNELS); c++) {
    for (var x = lane; x < image.width; x += 64u) { line[x] = vec2f(load_value(x, y, c), 0.0); }
    let at = transform(image.width, lane);
    for (var x = lane; x < image.width; x += 64u) {
      store_value(y * image.width + x, c * 2u, line[at + x].x);
      store_value(y * image.width + x, c * 2u + 1u, line[at + x].y);
    }
    workgroupBarrier();  // `line` is used again
  }
}

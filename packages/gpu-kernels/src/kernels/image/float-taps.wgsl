// A pass with float32 weights. Prelude: ALONG_X; TO_BYTES rounds half to even into bytes. Table as in fixed-taps, weights as bits.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let at = select(y, x, ALONG_X);
  let length = select(image.out_height, image.out_width, ALONG_X);
  let start = u32(table[at]);
  let count = u32(table[length + at]);
  let weights = length * 2u + at * image.table_width;
  var bytes = vec4i(0);
  for (var c = 0u; c < u32(CHANNELS); c++) {
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
      var value: f32;
      if (ALONG_X) { value = load_value(start + i, y + u32(image.top), c); } else { value = load_value(x, start + i, c); }
      sum += table_value(weights + i) * value;
    }
    if (TO_BYTES) { bytes[c] = i32(round(clamp(sum, 0.0, 255.0))); } else { store_value(index, c, sum); }
  }
  if (TO_BYTES) { store_pixel(index, bytes); }
}

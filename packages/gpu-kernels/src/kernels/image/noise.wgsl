// Adds table[hash(left, x, y, channel) >> 20] to each sample; `left` is the seed.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let place = hash_word(hash_word(hash_word(0x9e3779b9u, bitcast<u32>(image.left)), x), y);
  var drawn: vec4i;
  for (var c = 0u; c < 4u; c++) { drawn[c] = table[hash_word(place, c) >> 20u]; }
  store_pixel(index, clamp(load_pixel(x, y) + drawn, vec4i(0), vec4i(255)));
}

// Mean of the pixels of each group. Table: where each group starts in the list, and where the last ends; the list of pixels.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let start = u32(table[x]);
  let end = u32(table[x + 1u]);
  for (var c = 0u; c < u32(CHANNELS); c++) {
    var sum = 0.0;
    for (var i = start; i < end; i++) {
      let place = u32(table[image.out_width + 1u + i]);
      sum += load_value(place % image.width, place / image.width, c);
    }
    store_value(index, c, sum / f32(end - start));
  }
}

// Copies the patches, and replaces their textures by their order: place i holds the number of the patch with rank i, from
// the poorest, or from the richest with RICH; of equal ones the earlier number counts as poorer.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  let tiles = u32(image.left * image.left * image.top);
  let count = u32(image.top);
  if (index >= tiles + count) { return; }
  if (index < tiles) {
    output[image.output_offset + index] = load_word(index);
    return;
  }
  let number = index - tiles;
  let score = load_word(index);
  var rank = 0u;
  for (var other = 0u; other < count; other++) {
    let found = load_word(tiles + other);
    rank += u32(found < score || (found == score && other < number));
  }
  output[image.output_offset + tiles + select(rank, count - 1u - rank, RICH)] = number;
}

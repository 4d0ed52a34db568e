// Pillow's 8-bit vertical pass, exact in i32: one thread an output pixel. Table as in the horizontal pass, by output row.

@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let row = index / image.out_width;
  let start = u32(table[row]);
  let count = u32(table[image.out_height + row]);
  let weights = image.out_height * 2u + row * image.table_width;
  var sum = vec3i(1 << 21u);
  for (var i = 0u; i < count; i++) { sum += load_pixel(index % image.out_width, start + i) * table[weights + i]; }
  output[image.output_offset + index] = pack_pixel(clamp(sum >> vec3u(22u), vec3i(0), vec3i(255)));
}

// A pass of Pillow's 8-bit resize, exact in i32. Prelude: ALONG_X; along x, row 0 is row `top` of the source.
// Table: first input of each output column or row, their number, then `table_width` 22-bit weights each.

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
  var sum = vec4i(1 << 21u);
  for (var i = 0u; i < count; i++) {
    var pixel: vec4i;
    if (ALONG_X) { pixel = load_pixel(start + i, y + u32(image.top)); } else { pixel = load_pixel(x, start + i); }
    sum += pixel * table[weights + i];
  }
  store_pixel(index, clamp(sum >> vec4u(22u), vec4i(0), vec4i(255)));
}

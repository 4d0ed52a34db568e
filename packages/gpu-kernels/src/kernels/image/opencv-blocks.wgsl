// Mean of blocks of `table_width` x `table_height` pixels; output (0, 0) is block (left, top). OpenCV's INTER_AREA at whole
// ratios: 2 x 2 in integers, else times a float32 reciprocal, halves to even. A product is correctly rounded in WGSL.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let ratio = vec2u(image.table_width, image.table_height);
  let corner = (vec2u(x, y) + vec2u(u32(image.left), u32(image.top))) * ratio;
  var sum = vec4i(0);
  for (var j = 0u; j < ratio.y; j++) {
    for (var i = 0u; i < ratio.x; i++) { sum += load_pixel(corner.x + i, corner.y + j); }
  }
  if (all(ratio == vec2u(2u))) {
    store_pixel(index, (sum + 2) >> vec4u(2u));
  } else {
    store_pixel(index, vec4i(round(vec4f(sum) * table_value(0u))));
  }
}

// Output pixel (x, y) is source pixel (x + left, y + top), zero outside.

@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let at = vec2i(i32(index % image.out_width) + image.left, i32(index / image.out_width) + image.top);
  var pixel = vec3i(0);
  if (all(at >= vec2i(0)) && all(at < vec2i(i32(image.width), i32(image.height)))) { pixel = load_pixel(u32(at.x), u32(at.y)); }
  output[image.output_offset + index] = pack_pixel(pixel);
}

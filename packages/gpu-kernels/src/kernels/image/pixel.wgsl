// Bytes to bytes, pixel by pixel. Prelude: FUNCTION, a number of `pixelFunctions`.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index >= image.out_width * image.out_height) { return; }
  let x = index % image.out_width;
  let y = index / image.out_width;
  let p = load_pixel(x, y);
  var result = p;
  switch (FUNCTION) {
    case 0: {  // premultiply: x * alpha / 255 to the nearest, as Pillow computes it without a division
      let product = p * p.w + 128;
      result = vec4i((((product >> vec4u(8u)) + product) >> vec4u(8u)).xyz, p.w);
    }
    case 1: {  // unpremultiply
      if (p.w != 0 && p.w != 255) { result = vec4i(min(p.xyz * 255 / p.w, vec3i(255)), p.w); }
    }
    case 2: {  // grey, Pillow's weights
      result = vec4i((p.x * 19595 + p.y * 38470 + p.z * 7471 + 0x8000) >> 16u);
    }
    case 3: { result = p.zyxw; }  // bgr
    default: {}
  }
  store_pixel(index, result);
}

// x holds halves and a multiple of 8 channels: eight neighbours are one word of 16 bytes.
@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;

fn patch_of_eight(origin: Origin, inner: u32, inner_size: u32) -> vec4<u32> {
  let index = patch_index(origin, inner);
  if (index < 0) { return vec4<u32>(); }
  return x[u32(index) / 8u];
}

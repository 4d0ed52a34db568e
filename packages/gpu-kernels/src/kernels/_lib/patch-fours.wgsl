// x has a multiple of 4 channels: four neighbours of the inner dimension are one word of 16 bytes, and so are those of weight.
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;

fn patch_of_four(origin: Origin, inner: u32, inner_size: u32) -> vec4f {
  if (inner >= inner_size) { return vec4f(); }
  let index = patch_index(origin, inner);
  if (index < 0) { return vec4f(); }
  return x[u32(index) / 4u];
}

fn weight_of_four(column: u32, inner: u32, inner_size: u32) -> vec4f {
  if (inner >= inner_size) { return vec4f(); }
  return weight[(column * inner_size + inner) / 4u];
}

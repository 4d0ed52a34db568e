// x of either storage and any number of channels, element by element.
@group(0) @binding(1) var<storage, read> x: array<T1>;

fn patch_element(origin: Origin, inner: u32, inner_size: u32) -> f32 {
  if (inner >= inner_size) { return 0.0; }
  let index = patch_index(origin, inner);
  if (index < 0) { return 0.0; }
  return f32(x[index]);
}

fn patch_of_eight(origin: Origin, inner: u32, inner_size: u32) -> vec4<u32> {
  var packed = vec4<u32>();
  for (var i = 0u; i < 4u + rolled(); i++) {
    let first = inner + 2u * i;
    packed[i] = pack2x16float(vec2f(patch_element(origin, first, inner_size), patch_element(origin, first + 1u, inner_size)));
  }
  return packed;
}

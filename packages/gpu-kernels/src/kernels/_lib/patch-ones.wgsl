// x of any number of channels, element by element.
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;

fn patch_of_four(origin: Origin, inner: u32, inner_size: u32) -> vec4f {
  var four = vec4f();
  for (var i = 0u; i < 4u + rolled(); i++) {
    if (inner + i >= inner_size) { break; }
    let index = patch_index(origin, inner + i);
    if (index >= 0) { four[i] = x[index]; }
  }
  return four;
}

fn weight_of_four(column: u32, inner: u32, inner_size: u32) -> vec4f {
  var four = vec4f();
  for (var i = 0u; i < 4u + rolled(); i++) {
    if (inner + i < inner_size) { four[i] = weight[column * inner_size + inner + i]; }
  }
  return four;
}

// Prelude: SCALE, MEAN0 … MEAN2, DEVIATION0 … DEVIATION2.
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn write_normalised(index: u32, pixel: vec3f) {
  let value = (pixel * f32(SCALE) - vec3f(MEAN0, MEAN1, MEAN2)) / vec3f(DEVIATION0, DEVIATION1, DEVIATION2);
  let to = image.output_offset + index * 3u;
  y[to] = value.x;
  y[to + 1u] = value.y;
  y[to + 2u] = value.z;
}

// q, k and v of either storage and any distance of columns, element by element.
@group(0) @binding(1) var<storage, read> q: array<T1>;
@group(0) @binding(2) var<storage, read> k: array<T2>;
@group(0) @binding(3) var<storage, read> v: array<T3>;

fn element_of_q(row: u32, channel: u32) -> f32 {
  if (channel >= u32(CHANNELS)) { return 0.0; }
  return f32(q[row + channel * u32(Q_COLUMN)]);
}
fn element_of_k(row: u32, channel: u32) -> f32 {
  if (channel >= u32(CHANNELS)) { return 0.0; }
  return f32(k[row + channel * u32(K_COLUMN)]);
}
fn element_of_v(row: u32, channel: u32) -> f32 {
  if (channel >= u32(VALUE_CHANNELS)) { return 0.0; }
  return f32(v[row + channel * u32(V_COLUMN)]);
}

fn eight_of_q(row: u32, channel: u32) -> vec4<u32> {
  var packed = vec4<u32>();
  for (var i = 0u; i < 4u + rolled(); i++) {
    packed[i] = halves_of(vec2f(element_of_q(row, channel + 2u * i), element_of_q(row, channel + 2u * i + 1u)));
  }
  return packed;
}
fn eight_of_k(row: u32, channel: u32) -> vec4<u32> {
  var packed = vec4<u32>();
  for (var i = 0u; i < 4u + rolled(); i++) {
    packed[i] = halves_of(vec2f(element_of_k(row, channel + 2u * i), element_of_k(row, channel + 2u * i + 1u)));
  }
  return packed;
}
fn eight_of_v(row: u32, channel: u32) -> vec4<u32> {
  var packed = vec4<u32>();
  for (var i = 0u; i < 4u + rolled(); i++) {
    packed[i] = halves_of(vec2f(element_of_v(row, channel + 2u * i), element_of_v(row, channel + 2u * i + 1u)));
  }
  return packed;
}

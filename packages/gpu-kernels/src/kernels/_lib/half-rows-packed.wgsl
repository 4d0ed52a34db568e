// q, k and v hold halves, a multiple of 8 wherever a row begins or ends: eight neighbours are one word of 16 bytes.
@group(0) @binding(1) var<storage, read> q: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> k: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> v: array<vec4<u32>>;

fn eight_of_q(row: u32, channel: u32) -> vec4<u32> {
  if (channel >= u32(CHANNELS)) { return vec4<u32>(); }
  return q[(row + channel) / 8u];
}
fn eight_of_k(row: u32, channel: u32) -> vec4<u32> {
  if (channel >= u32(CHANNELS)) { return vec4<u32>(); }
  return k[(row + channel) / 8u];
}
fn eight_of_v(row: u32, channel: u32) -> vec4<u32> {
  if (channel >= u32(VALUE_CHANNELS)) { return vec4<u32>(); }
  return v[(row + channel) / 8u];
}

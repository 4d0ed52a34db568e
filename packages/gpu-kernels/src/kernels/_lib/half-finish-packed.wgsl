// Residual and y of half-finish-fours.wgsl hold halves, a multiple of 8 a row.
@group(0) @binding(4) var<storage, read> residual: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read_write> y: array<vec2<u32>>;

fn residual_at(four: u32) -> vec4f {
  let words = residual[four];
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}

fn write_four(four: u32, last: vec4f) { y[four] = vec2<u32>(halves_of(last.xy), halves_of(last.zw)); }

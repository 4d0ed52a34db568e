// Residual and y of half-finish-fours.wgsl are float32, a multiple of 4 a row.
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

fn residual_at(four: u32) -> vec4f { return residual[four]; }

fn write_four(four: u32, last: vec4f) { y[four] = last; }

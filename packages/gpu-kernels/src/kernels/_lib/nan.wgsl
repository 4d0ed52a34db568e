// Drivers may take floats for finite and for numbers, and their min and max may choose either of a number and NaN: bits do not.
// Needs run.wgsl.
fn size_bits(p: f32) -> u32 { return bitcast<u32>(p) & 0x7fffffffu; }
fn is_infinite(p: f32) -> bool { return size_bits(p) == 0x7f800000u; }
fn nan() -> f32 { return bitcast<f32>(0x7fc00000u + run.zero); }  // as a constant it would not compile

// `otherwise`, or NaN where one of the numbers was NaN of which `largest_bits` is the greatest of `size_bits`.
fn nan_or(largest_bits: u32, otherwise: f32) -> f32 { return select(otherwise, nan(), largest_bits > 0x7f800000u); }

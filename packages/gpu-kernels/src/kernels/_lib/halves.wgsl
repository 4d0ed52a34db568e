// Two numbers as the halves of a word, rounded to the nearest. How pack2x16float rounds is the driver's choice, and Mesa's for
// NVIDIA and AMD cut off: errors twice as large, all towards zero.
fn halves_of(two: vec2f) -> u32 { return bitcast<u32>(vec2<f16>(two)); }

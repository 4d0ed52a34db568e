// Sizes of the planes of a JPEG round trip: one word a sample, rows of whole blocks, luma, then blue and red difference.
// Prelude: SUBSAMPLED: chroma has half the width and height.
fn blocks_of(size: u32) -> u32 { return (size + 7u) / 8u; }

fn chroma_size(size: vec2u) -> vec2u { return select(size, (size + 1u) / 2u, vec2<bool>(SUBSAMPLED)); }

fn plane_blocks(size: vec2u) -> u32 { return blocks_of(size.x) * blocks_of(size.y); }

//! Parts of k that follow each other.

use std::ops::Range;

/// A part of k that is summed in registers at once.
pub struct Span {
    pub segments: Range<usize>,
    pub start: usize,
    pub depth: usize,
}

/// Cuts k into parts of about `deepest` that follow the segments.
pub fn spans(segments: usize, depth: usize, deepest: usize) -> Vec<Span> {
    if depth > deepest {
        let parts = depth.div_ceil(deepest);
        let cut = |part: usize| part * depth / parts;
        let of = |segment: usize| {
            (0..parts).map(move |part| Span { segments: segment..segment + 1, start: cut(part), depth: cut(part + 1) - cut(part) })
        };
        return (0..segments).flat_map(of).collect();
    }
    let parts = segments.div_ceil((deepest / depth).max(1));
    (0..parts).map(|part| Span { segments: part * segments / parts..(part + 1) * segments / parts, start: 0, depth }).collect()
}

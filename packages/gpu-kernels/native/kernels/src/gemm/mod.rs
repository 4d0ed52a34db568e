//! The one matrix product under conv2d, gemm and matmul: y = activation(A · Bᵀ + bias + residual).
//!
//! A is read in place through row pointers. A row may be split into `segments` of `depth` contiguous floats, each
//! with a pointer of its own: a convolution passes one segment per kernel tap and needs no im2col copy (the indirect
//! convolution of Dukhan, arXiv 1907.02129). B is packed once into panels of 16 columns. A tile keeps its sums in
//! registers: 14 rows by two panels with AVX-512, 6 rows by one panel elsewhere. Longer products than a cache likes
//! add up in y.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod bfloat16;
mod matrix;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packed;
mod portable;
mod rows;
mod split;
mod tile;

use crate::program::Activation;
pub use matrix::{Matrix, product_of};
pub use packed::{PANEL, Packed, Panels};
pub use rows::Rows;
pub use split::{product, product_of_panels};
use std::ops::Range;
use tile::{Tile, WIDEST};

/// Which instructions kernels use. Decided once per process start of a plan, never per tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

impl Instructions {
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return if std::arch::is_x86_feature_detected!("avx512f") { Instructions::Avx512 } else { Instructions::Avx2 };
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            return Instructions::Neon;
        }
        Instructions::Portable
    }

    /// All that run here, for tests.
    #[cfg(test)]
    pub fn all() -> Vec<Self> {
        let mut all = vec![Instructions::Portable];
        #[cfg(target_arch = "x86_64")]
        if Instructions::detect() != Instructions::Portable {
            all.push(Instructions::Avx2);
        }
        if !all.contains(&Instructions::detect()) {
            all.push(Instructions::detect());
        }
        all
    }

    /// Most rows of a tile.
    pub fn rows(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => 14,
            _ => 6,
        }
    }

    /// Columns of a tile.
    fn columns(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => 2 * PANEL,
            _ => PANEL,
        }
    }

    /// Longest part of k that is summed at once. With AVX2 so much of a panel of B (20 KiB) and of six rows of A
    /// (7.5 KiB) stays in a first-level cache of 32 KiB. The tile of AVX-512 does four times the work on each float of
    /// B, so B may come from the second level.
    fn deepest(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => 1024,
            _ => 320,
        }
    }
}

/// What happens to the sums before they are written.
#[derive(Clone, Copy)]
pub struct Epilogue<'a> {
    /// `n` floats.
    pub bias: Option<&'a [f32]>,
    /// Rows like those of the output.
    pub residual: Option<&'a [f32]>,
    pub activation: Activation,
}

/// Where rows of the output lie: row r, column c is element `r * stride + offset + c`, for output and residual alike.
#[derive(Clone, Copy)]
pub struct Layout {
    pub stride: usize,
    pub offset: usize,
}

/// 1 MiB, half of a second-level cache of 2 MiB.
const LARGE_FLOATS: usize = 256 * 1024;

/// The output of a product of which several threads write different parts.
#[derive(Clone, Copy)]
pub struct Output<'a> {
    data: *mut f32,
    length: usize,
    /// Larger than what a near cache keeps.
    is_large: bool,
    borrowed: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: a pointer without an owner; `multiply`, which writes through it, says who may write what.
unsafe impl Send for Output<'_> {}
// SAFETY: as above.
unsafe impl Sync for Output<'_> {}

impl<'a> Output<'a> {
    pub fn new(y: &'a mut [f32]) -> Self {
        Output { data: y.as_mut_ptr(), length: y.len(), is_large: y.len() > LARGE_FLOATS, borrowed: std::marker::PhantomData }
    }

    /// A part that is written by hand.
    ///
    /// # Safety
    /// Nobody else reads or writes that part meanwhile.
    #[inline(always)]
    pub unsafe fn part(self, start: usize, length: usize) -> &'a mut [f32] {
        assert!(start + length <= self.length);
        // SAFETY: in bounds of what `new` borrowed; the rest is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(start), length) }
    }

    /// From element `start`.
    pub fn from(self, start: usize) -> Self {
        assert!(start <= self.length);
        Output { data: self.data.wrapping_add(start), length: self.length - start, ..self }
    }
}

/// Floats of B that all tiles go over before the next are taken: they stay in the second-level cache, and a tile writes as
/// much of each row of y at once.
const GROUP_FLOATS: usize = 64 * 1024;

/// A part of k that is summed in registers at once.
struct Span {
    segments: Range<usize>,
    start: usize,
    depth: usize,
}

/// Cuts k into parts of about `deepest` that follow the segments.
fn spans(segments: usize, depth: usize, deepest: usize) -> Vec<Span> {
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

/// Computes all rows of `a` and the columns of some panels of `b` into `y`, whose first row is row 0 of `a` (and of the residual).
/// `next` is null, or where the panels lie that are multiplied afterwards.
///
/// # Safety
/// Nobody else reads or writes those rows and columns of `y` meanwhile.
unsafe fn multiply(
    a: &Rows,
    b: Panels,
    panels: Range<usize>,
    next: *const f32,
    y: Output,
    layout: Layout,
    epilogue: Epilogue,
    instructions: Instructions,
) {
    let Layout { stride, offset } = layout;
    assert_eq!(a.segments * a.depth, b.k);
    assert!(panels.end <= b.count() && a.height <= instructions.rows());
    assert!(offset + b.n <= stride && a.rows * stride <= y.length);
    assert!(epilogue.residual.is_none_or(|residual| a.rows * stride <= residual.len()));
    let spans = spans(a.segments, a.depth, instructions.deepest());
    for (part, span) in spans.iter().enumerate() {
        // Bias and residual go into the first partial sum, the clamp comes after the last.
        let is_first = part == 0;
        let is_last = part + 1 == spans.len();
        let (low, high) = if is_last { epilogue.activation.clamp() } else { Activation::NONE.clamp() };
        let length = span.segments.len() * span.depth * PANEL;
        let part_of = |panel: usize| b.panel(panel)[(span.segments.start * a.depth + span.start) * PANEL..][..length].as_ptr();
        // Of a panel past the last: what is multiplied after this part of k.
        let fetched = |panel: usize| match (panel.checked_sub(panels.end), spans.get(part + 1)) {
            (None, _) => part_of(panel),
            (Some(past), Some(span)) => {
                let first = b.panel(panels.start).as_ptr();
                first.wrapping_add((past * b.k + span.segments.start * a.depth + span.start) * PANEL)
            }
            (Some(_), None) if next.is_null() => part_of(panels.start),
            (Some(past), None) => next.wrapping_add(past * b.k * PANEL),
        };
        let step = instructions.columns() / PANEL;
        let group = (GROUP_FLOATS / length / step).max(1) * step;
        for group_start in panels.clone().step_by(group) {
            let group = group_start..panels.end.min(group_start + group);
            let tile_of = |panel: usize| {
                let column = panel * PANEL;
                let columns = instructions.columns().min(b.n.min(panels.end * PANEL) - column);
                let mut bias = [0.0; WIDEST];
                if let (Some(values), true) = (epilogue.bias, is_first) {
                    bias[..columns].copy_from_slice(&values[column..column + columns]);
                }
                let residual = epilogue.residual.filter(|_| is_first);
                Tile {
                    pointers: &[],
                    height: a.height,
                    start: span.start,
                    depth: span.depth,
                    panels: [part_of(panel), part_of(if columns > PANEL { panel + 1 } else { panel })],
                    ahead: part_of(panel),
                    fetches: y.is_large,
                    columns,
                    accumulate: !is_first,
                    bias,
                    low,
                    high,
                    y: y.data.wrapping_add(offset + column),
                    residual: residual.map_or(std::ptr::null(), |residual| residual.as_ptr().wrapping_add(offset + column)),
                    stride,
                }
            };
            let mut tiles: Vec<Tile> = group.clone().step_by(step).map(tile_of).collect();
            for index in 0..a.tiles() {
                let rows = a.tile(index).len();
                let pointers = a.of(index, &span.segments);
                for (panel, tile) in group.clone().step_by(step).zip(&mut tiles) {
                    tile.pointers = pointers;
                    // The last two tiles fetch the next group, one panel of each pair at a time.
                    let ahead = panel + group.len() + usize::from(index + 1 == a.tiles());
                    if index + 2 >= a.tiles() {
                        tile.ahead = fetched(ahead);
                    }
                    // SAFETY: the asserts above hold rows and columns in bounds of y, residual and b; `Rows` promises its
                    // pointers; they were detected; that nobody else writes here is the caller's promise.
                    unsafe { tile::run(tile, rows, instructions) };
                    tile.y = tile.y.wrapping_add(rows * stride);
                    if !tile.residual.is_null() {
                        tile.residual = tile.residual.wrapping_add(rows * stride);
                    }
                }
            }
        }
    }
    let columns = panels.start * PANEL..b.n.min(panels.end * PANEL);
    // SAFETY: the columns that the tiles have written, in bounds by the asserts above.
    unsafe { finish_rows(y, a.rows, layout, columns, epilogue.activation) };
}

/// What an activation does that is no clamp, to whole rows at once: a call for the 32 columns of a tile would take three times as long.
///
/// # Safety
/// Nobody else reads or writes these columns of the first `rows` rows of `y` meanwhile.
unsafe fn finish_rows(y: Output, rows: usize, layout: Layout, columns: Range<usize>, activation: Activation) {
    if let Activation::Function(_) = activation {
        for row in 0..rows {
            // SAFETY: the caller's promise.
            let row = unsafe { y.part(row * layout.stride + layout.offset + columns.start, columns.len()) };
            activation.finish(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::Mode;

    #[test]
    fn all_instructions_agree_with_the_definition() {
        for (rows, k, n) in [(1, 1, 1), (6, 16, 16), (7, 33, 24), (13, 700, 40), (5, 3, 9), (29, 2100, 33), (14, 17, 64)] {
            let number = |index: usize, by: usize| ((index * by) % 97) as f32 / 97.0 - 0.5;
            let a: Vec<f32> = (0..rows * k).map(|index| number(index, 31)).collect();
            let b: Vec<f32> = (0..n * k).map(|index| number(index, 53)).collect();
            let bias: Vec<f32> = (0..n).map(|index| number(index, 71)).collect();
            let residual: Vec<f32> = (0..rows * n).map(|index| number(index, 89)).collect();
            let packed = Packed::from_rows(&b, k, n).unwrap();
            let epilogue =
                Epilogue { bias: Some(&bias), residual: Some(&residual), activation: Activation::Clamp { low: -5.0, high: 5.0 } };
            for instructions in Instructions::all() {
                let mut y = vec![f32::NAN; rows * n];
                let dense = |range: Range<usize>| Rows::dense(&a[range.start * k..], range.len(), k, instructions.rows());
                let layout = Layout { stride: n, offset: 0 };
                product(Mode::Sequential, dense, k, &packed, &mut y, layout, epilogue, instructions);
                for (at, &y) in y.iter().enumerate() {
                    let (row, column) = (at / n, at % n);
                    let sum: f64 = (0..k).map(|i| f64::from(a[row * k + i]) * f64::from(b[column * k + i])).sum();
                    let expected = (sum + f64::from(bias[column]) + f64::from(residual[at])).clamp(-5.0, 5.0);
                    assert!((f64::from(y) - expected).abs() < 1e-5, "{instructions:?} {rows} {k} {n} at {at}: {y}, expected {expected}");
                }
            }
        }
    }

    #[test]
    fn spans_cover_k_in_order() {
        for (segments, depth) in [(1, 1), (1, 320), (1, 321), (9, 64), (9, 512), (49, 3), (25, 320), (2, 1000)] {
            let mut next = 0;
            for span in spans(segments, depth, 320) {
                assert_eq!(span.segments.start * depth + span.start, next);
                next += span.segments.len() * span.depth;
                assert!(span.segments.len() * span.depth <= 320);
            }
            assert_eq!(next, segments * depth);
        }
    }
}

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
mod instructions;
mod matrix;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packed;
mod portable;
mod rows;
mod spans;
mod split;
#[cfg(test)]
mod tests;
mod tile;

use crate::program::Activation;
pub use instructions::Instructions;
pub use matrix::{Matrix, product_of};
pub use packed::{PANEL, Packed, Panels};
pub use rows::Rows;
use spans::spans;
pub use split::{product, product_of_panels};
use std::ops::Range;
use tile::{Tile, WIDEST};

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

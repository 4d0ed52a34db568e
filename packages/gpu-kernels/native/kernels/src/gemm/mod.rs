//! The one matrix product under conv2d, gemm and matmul: y = clamp(A · Bᵀ + bias + residual).
//!
//! A is read in place through row pointers. A row may be split into `segments` of `depth` contiguous floats, each
//! with a pointer of its own: a convolution passes one segment per kernel tap and needs no im2col copy (the indirect
//! convolution of Dukhan, arXiv 1907.02129). B is packed once into panels of 16 columns, so that a step of the inner
//! loop reads two vectors of B and broadcasts up to six floats of A into twelve accumulators: 6x16 fills the sixteen
//! 256-bit registers (12 accumulators, 2 of B, 1 broadcast). Sums stay in registers over
//! as much of k as keeps the panel in the first-level cache; longer products add up in y.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use crate::program::Activation;

pub const TILE_ROWS: usize = 6;
pub const PANEL: usize = 16;
/// Floats of A that one block of rows may touch: half of a 512 KiB second-level cache.
const BLOCK_FLOATS: usize = 64 * 1024;
/// Longest part of k that is summed at once: so much of a panel of B (20 KiB) and of six rows of A (7.5 KiB) stays in
/// a first-level cache of 32 KiB.
const DEEPEST: usize = 320;

/// B in panels: panel p holds columns 16p … 16p+15 as `[k][16]`, missing columns are 0.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    pub k: usize,
    pub n: usize,
    data: Vec<f32>,
}

impl Packed {
    pub fn length(k: usize, n: usize) -> usize {
        k.saturating_mul(n.div_ceil(PANEL).saturating_mul(PANEL))
    }

    /// From `[n][k]`, as weights of gemm and conv2d are stored.
    pub fn from_rows(weight: &[f32], k: usize, n: usize) -> crate::error::Result<Self> {
        let mut packed = Packed { k, n, data: crate::error::allocate(Self::length(k, n), "packed weights")? };
        for (column, row) in weight.chunks_exact(k).take(n).enumerate() {
            let panel = &mut packed.data[column / PANEL * PANEL * k..][..PANEL * k];
            for (slot, &value) in panel.iter_mut().skip(column % PANEL).step_by(PANEL).zip(row) {
                *slot = value;
            }
        }
        Ok(packed)
    }

    /// From `[k][n]`, into the memory of an earlier packing.
    pub fn repack_columns(&mut self, matrix: &[f32], k: usize, n: usize) {
        (self.k, self.n) = (k, n);
        self.data.clear();
        self.data.resize(Self::length(k, n), 0.0);
        for (start, panel) in (0..n).step_by(PANEL).zip(self.data.chunks_exact_mut(PANEL * k)) {
            let width = PANEL.min(n - start);
            for (slot, row) in panel.chunks_exact_mut(PANEL).zip(matrix.chunks_exact(n)) {
                slot[..width].copy_from_slice(&row[start..start + width]);
            }
        }
    }
}

/// Which instructions the tiles use. Decided once per process start of a plan, never per tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Instructions {
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return Instructions::Avx2;
        }
        Instructions::Portable
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

/// Row pointers of A: `pointers[(tile * segments + segment) * TILE_ROWS + row]`, each to `depth` readable floats.
/// Slots of rows past `rows` are never read.
pub struct Rows<'a> {
    pointers: Vec<*const f32>,
    pub rows: usize,
    segments: usize,
    depth: usize,
    borrowed: std::marker::PhantomData<&'a [f32]>,
}

impl<'a> Rows<'a> {
    /// `segment_of(row, segment)` gives the floats of a segment, at least `depth` of them.
    pub fn new(rows: usize, segments: usize, depth: usize, segment_of: impl Fn(usize, usize) -> &'a [f32]) -> Self {
        let mut pointers = vec![std::ptr::null(); rows.div_ceil(TILE_ROWS) * segments * TILE_ROWS];
        for row in 0..rows {
            for segment in 0..segments {
                let slot = (row / TILE_ROWS * segments + segment) * TILE_ROWS + row % TILE_ROWS;
                pointers[slot] = segment_of(row, segment)[..depth].as_ptr();
            }
        }
        Rows { pointers, rows, segments, depth, borrowed: std::marker::PhantomData }
    }

    /// Rows of a dense matrix.
    pub fn dense(matrix: &'a [f32], rows: usize, depth: usize) -> Self {
        Rows::new(rows, 1, depth, |row, _| &matrix[row * depth..])
    }
}

/// How many rows of A to hand to one call of `multiply`: a multiple of 6 whose floats, as far as one part of k reads
/// them, stay in the second-level cache.
pub fn block_rows(floats_per_row: usize) -> usize {
    (BLOCK_FLOATS / floats_per_row.clamp(1, DEEPEST)).clamp(TILE_ROWS, 240) / TILE_ROWS * TILE_ROWS
}

/// One tile's worth of work for a micro-kernel.
struct Tile<'a> {
    pointers: &'a [*const f32],
    segments: usize,
    /// Floats of each segment that are multiplied: `start .. start + depth` of it.
    start: usize,
    depth: usize,
    panel: &'a [f32],
    /// Add to what `y` holds, rather than overwrite it.
    accumulate: bool,
    bias: [f32; PANEL],
    low: f32,
    high: f32,
}

/// A part of k that is summed in registers at once.
struct Span {
    segments: std::ops::Range<usize>,
    start: usize,
    depth: usize,
}

/// Cuts k into parts of about `DEEPEST` that follow the segments.
fn spans(segments: usize, depth: usize) -> Vec<Span> {
    if depth > DEEPEST {
        let parts = depth.div_ceil(DEEPEST);
        let cut = |part: usize| part * depth / parts;
        let of = |segment: usize| {
            (0..parts).map(move |part| Span { segments: segment..segment + 1, start: cut(part), depth: cut(part + 1) - cut(part) })
        };
        return (0..segments).flat_map(of).collect();
    }
    let parts = segments.div_ceil((DEEPEST / depth).max(1));
    (0..parts).map(|part| Span { segments: part * segments / parts..(part + 1) * segments / parts, start: 0, depth }).collect()
}

/// Computes `a.rows` rows and all columns of `b` into `y`, whose first row is row 0 of `a` (and of the residual).
pub fn multiply(a: &Rows, b: &Packed, y: &mut [f32], layout: Layout, epilogue: Epilogue, instructions: Instructions) {
    let Layout { stride, offset } = layout;
    assert_eq!(a.segments * a.depth, b.k);
    assert!(offset + b.n <= stride && a.rows * stride <= y.len());
    assert!(epilogue.residual.is_none_or(|residual| a.rows * stride <= residual.len()));
    let spans = spans(a.segments, a.depth);
    for (part, span) in spans.iter().enumerate() {
        // Bias and residual go into the first partial sum, the clamp comes after the last.
        let is_first = part == 0;
        let is_last = part + 1 == spans.len();
        let (low, high) = if is_last { epilogue.activation.clamp() } else { Activation::NONE.clamp() };
        let first_k = span.segments.start * a.depth + span.start;
        for (panel_index, panel) in b.data.chunks_exact(PANEL * b.k).enumerate() {
            let panel = &panel[first_k * PANEL..][..span.segments.len() * span.depth * PANEL];
            let column = panel_index * PANEL;
            let width = PANEL.min(b.n - column);
            let mut bias = [0.0; PANEL];
            if let (Some(values), true) = (epilogue.bias, is_first) {
                bias[..width].copy_from_slice(&values[column..column + width]);
            }
            for (tile_index, pointers) in a.pointers.chunks_exact(a.segments * TILE_ROWS).enumerate() {
                let first = tile_index * TILE_ROWS;
                let tile = Tile {
                    pointers: &pointers[span.segments.start * TILE_ROWS..span.segments.end * TILE_ROWS],
                    segments: span.segments.len(),
                    start: span.start,
                    depth: span.depth,
                    panel,
                    accumulate: !is_first,
                    bias,
                    low,
                    high,
                };
                let at = first * stride + offset + column;
                let residual = epilogue.residual.filter(|_| is_first).map(|residual| &residual[at..]);
                let run = if width == PANEL { run_tile } else { run_edge };
                run(&tile, TILE_ROWS.min(a.rows - first), width, residual, &mut y[at..], stride, instructions);
            }
        }
    }
    if epilogue.activation == Activation::Sigmoid {
        for row in y.chunks_mut(stride).take(a.rows) {
            crate::ops::elementwise::sigmoid(&mut row[offset..offset + b.n]);
        }
    }
}

/// A panel that is not full: through a full tile on the stack.
fn run_edge(tile: &Tile, rows: usize, width: usize, residual: Option<&[f32]>, y: &mut [f32], stride: usize, instructions: Instructions) {
    let mut full = [0.0; TILE_ROWS * PANEL];
    let mut full_residual = [0.0; TILE_ROWS * PANEL];
    for row in 0..rows {
        if tile.accumulate {
            full[row * PANEL..][..width].copy_from_slice(&y[row * stride..][..width]);
        }
        if let Some(residual) = residual {
            full_residual[row * PANEL..][..width].copy_from_slice(&residual[row * stride..][..width]);
        }
    }
    let columns = if width <= PANEL / 2 { PANEL / 2 } else { PANEL };
    run_tile(tile, rows, columns, residual.map(|_| &full_residual[..]), &mut full, PANEL, instructions);
    for row in 0..rows {
        y[row * stride..][..width].copy_from_slice(&full[row * PANEL..][..width]);
    }
}

/// `columns` is 8 or 16.
fn run_tile(tile: &Tile, rows: usize, columns: usize, residual: Option<&[f32]>, y: &mut [f32], stride: usize, instructions: Instructions) {
    let last = (rows - 1) * stride + columns;
    assert!(y.len() >= last && residual.is_none_or(|residual| residual.len() >= last));
    assert!(tile.pointers.len() == tile.segments * TILE_ROWS && tile.panel.len() == tile.segments * tile.depth * PANEL);
    macro_rules! dispatch {
        ($module:ident) => {
            match (rows, columns) {
                (1, 16) => $module::tile::<1, 2>(tile, residual, y, stride),
                (2, 16) => $module::tile::<2, 2>(tile, residual, y, stride),
                (3, 16) => $module::tile::<3, 2>(tile, residual, y, stride),
                (4, 16) => $module::tile::<4, 2>(tile, residual, y, stride),
                (5, 16) => $module::tile::<5, 2>(tile, residual, y, stride),
                (6, 16) => $module::tile::<6, 2>(tile, residual, y, stride),
                (1, _) => $module::tile::<1, 1>(tile, residual, y, stride),
                (2, _) => $module::tile::<2, 1>(tile, residual, y, stride),
                (3, _) => $module::tile::<3, 1>(tile, residual, y, stride),
                (4, _) => $module::tile::<4, 1>(tile, residual, y, stride),
                (5, _) => $module::tile::<5, 1>(tile, residual, y, stride),
                _ => $module::tile::<6, 1>(tile, residual, y, stride),
            }
        };
    }
    match instructions {
        // SAFETY: `Instructions::Avx2` is only made by `detect` where the CPU has AVX2 and FMA. The asserts above
        // hold what the kernel reads and writes in bounds; the pointers of rows below `rows` point to the
        // floats of a whole segment, which `Rows::new` checked and its lifetime keeps borrowed; spans lie inside it.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { dispatch!(avx2) },
        // SAFETY: as above; it needs no CPU feature.
        Instructions::Portable => unsafe { dispatch!(portable) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_instruction_sets_agree_with_the_definition() {
        for (rows, k, n) in [(1, 1, 1), (6, 16, 16), (7, 33, 24), (13, 700, 40), (5, 3, 9)] {
            let number = |index: usize, by: usize| ((index * by) % 97) as f32 / 97.0 - 0.5;
            let a: Vec<f32> = (0..rows * k).map(|index| number(index, 31)).collect();
            let b: Vec<f32> = (0..n * k).map(|index| number(index, 53)).collect();
            let bias: Vec<f32> = (0..n).map(|index| number(index, 71)).collect();
            let residual: Vec<f32> = (0..rows * n).map(|index| number(index, 89)).collect();
            let packed = Packed::from_rows(&b, k, n).unwrap();
            let epilogue =
                Epilogue { bias: Some(&bias), residual: Some(&residual), activation: Activation::Clamp { low: -5.0, high: 5.0 } };
            for instructions in [Instructions::detect(), Instructions::Portable] {
                let mut y = vec![f32::NAN; rows * n];
                multiply(&Rows::dense(&a, rows, k), &packed, &mut y, Layout { stride: n, offset: 0 }, epilogue, instructions);
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
            for span in spans(segments, depth) {
                assert_eq!(span.segments.start * depth + span.start, next);
                next += span.segments.len() * span.depth;
                assert!(span.segments.len() * span.depth <= DEEPEST);
            }
            assert_eq!(next, segments * depth);
        }
    }
}

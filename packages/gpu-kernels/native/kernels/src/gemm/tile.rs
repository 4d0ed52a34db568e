//! One tile of the product, and the kernel that makes it.

use super::{Instructions, PANEL};

/// Columns of the widest kernel.
pub const WIDEST: usize = 2 * PANEL;

/// What a kernel of `rows` rows reads and writes. For each segment, `pointers` has `height` pointers, of which the
/// first `rows` point to at least `start + depth` floats. Each panel that `columns` needs has `depth * PANEL` floats a
/// segment. Row r of y, and of the residual where it is not null, has `columns` floats from `r * stride`, which nobody
/// else reads or writes meanwhile.
pub struct Tile<'a> {
    pub pointers: &'a [*const f32],
    pub height: usize,
    /// Floats of each segment that are multiplied: `start .. start + depth` of it.
    pub start: usize,
    pub depth: usize,
    /// The second is the first again where `columns` needs one.
    pub panels: [*const f32; 2],
    /// What to fetch into the second cache level by the way: as long as a panel, may lie anywhere.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only kernels for x86 fetch"))]
    pub ahead: *const f32,
    /// Whether to fetch what the end of the tile reads and writes before the rest: it lies in no near cache.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only kernels for x86 fetch"))]
    pub fetches: bool,
    pub columns: usize,
    /// Add to what `y` holds, rather than overwrite it.
    pub accumulate: bool,
    pub bias: [f32; WIDEST],
    pub low: f32,
    pub high: f32,
    pub y: *mut f32,
    pub residual: *const f32,
    pub stride: usize,
}

macro_rules! dispatch {
    ($isa:ident, $wide:literal, $tile:expr, $rows:expr, $is_wide:expr, $($count:literal)*) => {
        match ($rows, $is_wide) {
            $(($count, true) => super::$isa::tile::<$count, $wide>($tile), ($count, false) => super::$isa::tile::<$count, 1>($tile),)*
            (rows, _) => unreachable!("a tile of {rows} rows"),
        }
    };
}

/// # Safety
/// `tile` keeps what `Tile` promises for `rows` rows, and `instructions` are what `Instructions::detect` can give here.
pub unsafe fn run(tile: &Tile, rows: usize, instructions: Instructions) {
    match instructions {
        // SAFETY: `detect` found AVX-512F; the rest is the caller's promise.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { dispatch!(avx512, 2, tile, rows, tile.columns > PANEL, 1 2 3 4 5 6 7 8 9 10 11 12 13 14) },
        // SAFETY: the caller's promise.
        _ if tile.columns < PANEL => unsafe { run_edge(tile, rows, instructions) },
        // SAFETY: `detect` found AVX2 and FMA; the rest is the caller's promise.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { dispatch!(avx2, 2, tile, rows, true, 1 2 3 4 5 6) },
        // SAFETY: `detect` found NEON; the rest is the caller's promise.
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => unsafe { dispatch!(neon, 2, tile, rows, true, 1 2 3 4 5 6) },
        // SAFETY: the caller's promise.
        Instructions::Portable => unsafe { dispatch!(portable, 2, tile, rows, true, 1 2 3 4 5 6) },
    }
}

/// A panel that is not full, for kernels without masks: through a full tile on the stack.
///
/// # Safety
/// As for `run`, with at most 6 rows and fewer columns than a panel.
unsafe fn run_edge(tile: &Tile, rows: usize, instructions: Instructions) {
    let mut full = [0.0; 6 * PANEL];
    let mut full_residual = [0.0; 6 * PANEL];
    let width = tile.columns;
    // SAFETY: by the contract each row of y and residual has `columns` floats, and rows is at most 6.
    let row_of = |pointer: *const f32, row: usize| unsafe { std::slice::from_raw_parts(pointer.add(row * tile.stride), width) };
    for row in 0..rows {
        if tile.accumulate {
            full[row * PANEL..][..width].copy_from_slice(row_of(tile.y, row));
        }
        if !tile.residual.is_null() {
            full_residual[row * PANEL..][..width].copy_from_slice(row_of(tile.residual, row));
        }
    }
    let residual = if tile.residual.is_null() { std::ptr::null() } else { full_residual.as_ptr() };
    let whole = Tile { columns: PANEL, y: full.as_mut_ptr(), residual, stride: PANEL, ..*tile };
    // SAFETY: as the caller's tile, with y and residual of whole panels.
    unsafe {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 if width <= PANEL / 2 => dispatch!(avx2, 2, &whole, rows, false, 1 2 3 4 5 6),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon if width <= PANEL / 2 => dispatch!(neon, 2, &whole, rows, false, 1 2 3 4 5 6),
            Instructions::Portable if width <= PANEL / 2 => dispatch!(portable, 2, &whole, rows, false, 1 2 3 4 5 6),
            _ => run(&whole, rows, instructions),
        }
        for row in 0..rows {
            std::slice::from_raw_parts_mut(tile.y.add(row * tile.stride), width).copy_from_slice(&full[row * PANEL..][..width]);
        }
    }
}

//! Two tiles of rows by two panels of columns: what is read, and what becomes of the sums.

use super::super::PANEL;
use crate::amx::ROWS;
use std::arch::x86_64::*;

/// Rows and columns of sums that there is room for.
pub const HEIGHT: usize = 2 * ROWS;
pub const WIDTH: usize = 2 * PANEL;

/// Where a tile reads. Each pointer leads to the first of `steps` steps; a step of a pair lies together, so that the caches see
/// two streams. Where there is no second tile of rows, or no second panel, its pointer is the first again.
#[derive(Clone, Copy)]
pub struct Sides {
    pub a: [*const u8; 2],
    pub a_step: usize,
    pub b: [*const u8; 2],
    pub b_step: usize,
    pub steps: usize,
    pub meanwhile: Meanwhile,
}

/// What each step does besides, for columns that are multiplied later.
#[derive(Clone, Copy)]
pub struct Meanwhile {
    /// What is read later. It may lie anywhere where nothing is taken apart.
    pub from: *const u8,
    /// So many KiB of it are fetched, or a few more.
    pub fetched: usize,
    /// So many panels of floats are taken apart, none, one or two, to `to`: only where three parts are multiplied.
    pub taken: usize,
    pub to: *mut u8,
}

#[repr(C, align(64))]
pub struct Sums(pub [f32; HEIGHT * WIDTH]);

/// What becomes of sums: row r, column c goes to `y[r * stride + c]`, and the residual, where it is not null, lies as y does.
pub struct End<'a> {
    pub bias: &'a [f32; WIDTH],
    pub low: f32,
    pub high: f32,
    pub y: *mut f32,
    pub residual: *const f32,
    pub stride: usize,
    /// Add to what `y` holds, rather than overwrite it.
    pub accumulate: bool,
}

impl End<'_> {
    /// Asks for what `write` will touch in as many rows.
    #[target_feature(enable = "avx512f")]
    pub fn fetch(&self, rows: usize) {
        for row in 0..rows {
            for line in 0..WIDTH / PANEL {
                let at = row * self.stride + PANEL * line;
                _mm_prefetch::<_MM_HINT_ET0>(self.y.wrapping_add(at).cast());
                if !self.residual.is_null() {
                    _mm_prefetch::<_MM_HINT_T0>(self.residual.wrapping_add(at).cast());
                }
            }
        }
    }

    /// # Safety
    /// The CPU has AVX-512F; y, and the residual, have `columns` floats in each of the rows of `sums`, at most as many as it has;
    /// nobody else reads or writes them meanwhile.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn write(&self, sums: &[f32], columns: usize) {
        let (low, high) = (_mm512_set1_ps(self.low), _mm512_set1_ps(self.high));
        for v in 0..columns.div_ceil(PANEL) {
            let mask = ((1u32 << (columns - PANEL * v).min(PANEL)) - 1) as __mmask16;
            // SAFETY: whole panels in `sums` and `bias`; the rest is the caller's promise, and masked lanes are not touched.
            unsafe {
                let bias = _mm512_loadu_ps(self.bias.as_ptr().add(PANEL * v));
                for (row, sums) in sums.chunks_exact(WIDTH).enumerate() {
                    let at = row * self.stride + PANEL * v;
                    let mut sum = _mm512_add_ps(_mm512_loadu_ps(sums.as_ptr().add(PANEL * v)), bias);
                    if self.accumulate {
                        sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, self.y.add(at)));
                    }
                    if !self.residual.is_null() {
                        sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, self.residual.add(at)));
                    }
                    // min and max return their second operand where one is NaN, so a NaN stays.
                    sum = _mm512_min_ps(high, _mm512_max_ps(low, sum));
                    _mm512_mask_storeu_ps(self.y.add(at), mask, sum);
                }
            }
        }
    }
}

//! Up to 14 rows by 32 columns with AVX-512: 28 accumulators, 2 instructions of B and 1 broadcast in 32 registers.

use super::PANEL;
use super::tile::Tile;
use std::arch::x86_64::*;

/// `M` rows by `V` panels of 16 columns.
///
/// # Safety
/// The CPU has AVX-512F, and `tile` keeps what `Tile` promises for `M` rows and `V` panels.
#[target_feature(enable = "avx512f")]
pub unsafe fn tile<const M: usize, const V: usize>(tile: &Tile) {
    let mut sums = [[_mm512_setzero_ps(); V]; M];
    if tile.fetches {
        for row in 0..M {
            for v in 0..V {
                let at = row * tile.stride + PANEL * v;
                _mm_prefetch::<_MM_HINT_ET0>(tile.y.wrapping_add(at).cast());
                if !tile.residual.is_null() {
                    _mm_prefetch::<_MM_HINT_T0>(tile.residual.wrapping_add(at).cast());
                }
            }
        }
    }
    let mut at = 0;
    for segment in tile.pointers.chunks_exact(tile.height) {
        let rows: [*const f32; M] = std::array::from_fn(|row| segment[row].wrapping_add(tile.start));
        for k in 0..tile.depth {
            // SAFETY: by the contract the panels have PANEL floats for each k of each segment, and each of the M rows
            // has `start + depth` floats. A prefetch touches nothing.
            unsafe {
                let columns: [__m512; V] = std::array::from_fn(|v| _mm512_loadu_ps(tile.panels[v].add(at)));
                _mm_prefetch::<_MM_HINT_T1>(tile.ahead.wrapping_add(at).cast());
                for row in 0..M {
                    let a = _mm512_set1_ps(*rows[row].add(k));
                    for v in 0..V {
                        sums[row][v] = _mm512_fmadd_ps(a, columns[v], sums[row][v]);
                    }
                }
            }
            at += PANEL;
        }
    }
    let (low, high) = (_mm512_set1_ps(tile.low), _mm512_set1_ps(tile.high));
    for v in 0..V {
        let columns = (tile.columns - PANEL * v).min(PANEL);
        let mask = ((1u32 << columns) - 1) as __mmask16;
        // SAFETY: `bias` has two panels of floats; by the contract y and residual hold `columns` floats in each of the M
        // rows, and masked lanes are not touched.
        unsafe {
            let bias = _mm512_loadu_ps(tile.bias.as_ptr().add(PANEL * v));
            for row in 0..M {
                let at = row * tile.stride + PANEL * v;
                let mut sum = _mm512_add_ps(sums[row][v], bias);
                if tile.accumulate {
                    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, tile.y.add(at)));
                }
                if !tile.residual.is_null() {
                    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, tile.residual.add(at)));
                }
                // min and max return their second operand where one is NaN, so a NaN stays.
                sum = _mm512_min_ps(high, _mm512_max_ps(low, sum));
                _mm512_mask_storeu_ps(tile.y.add(at), mask, sum);
            }
        }
    }
}

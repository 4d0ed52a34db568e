//! 6x16 tile with AVX2 and FMA.

use super::{PANEL, TILE_ROWS, Tile};
use std::arch::x86_64::*;

/// `M` rows by `V` vectors of 8 columns.
///
/// # Safety
/// The CPU has AVX2 and FMA. `tile.pointers` holds `segments * TILE_ROWS` pointers of which the first `M` of each
/// segment point to `start + depth` floats; `tile.panel` holds `segments * depth * PANEL` floats; `y` and `residual` hold
/// `(M - 1) * stride + 8 * V` floats.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn tile<const M: usize, const V: usize>(tile: &Tile, residual: Option<&[f32]>, y: &mut [f32], stride: usize) {
    let mut sums = [[_mm256_setzero_ps(); V]; M];
    let mut panel = tile.panel.as_ptr();
    for segment in tile.pointers.chunks_exact(TILE_ROWS).take(tile.segments) {
        let rows: [*const f32; M] = std::array::from_fn(|row| segment[row]);
        for k in tile.start..tile.start + tile.depth {
            // SAFETY: by the contract, `panel` has PANEL floats for each of the `segments * depth` iterations, and
            // each of the `M` rows has `start + depth` floats.
            unsafe {
                let columns: [__m256; V] = std::array::from_fn(|v| _mm256_loadu_ps(panel.add(8 * v)));
                for row in 0..M {
                    let a = _mm256_broadcast_ss(&*rows[row].add(k));
                    for v in 0..V {
                        sums[row][v] = _mm256_fmadd_ps(a, columns[v], sums[row][v]);
                    }
                }
                panel = panel.add(PANEL);
            }
        }
    }
    let (low, high) = (_mm256_set1_ps(tile.low), _mm256_set1_ps(tile.high));
    for row in 0..M {
        for v in 0..V {
            // SAFETY: `bias` has 16 floats; by the contract `y` and `residual` reach past row M-1, vector V-1.
            unsafe {
                let at = row * stride + 8 * v;
                let mut sum = _mm256_add_ps(sums[row][v], _mm256_loadu_ps(tile.bias.as_ptr().add(8 * v)));
                if tile.accumulate {
                    sum = _mm256_add_ps(sum, _mm256_loadu_ps(y.as_ptr().add(at)));
                }
                if let Some(residual) = residual {
                    sum = _mm256_add_ps(sum, _mm256_loadu_ps(residual.as_ptr().add(at)));
                }
                // min and max return their second operand where one is NaN, so a NaN stays.
                sum = _mm256_min_ps(high, _mm256_max_ps(low, sum));
                _mm256_storeu_ps(y.as_mut_ptr().add(at), sum);
            }
        }
    }
}

//! Up to 6 rows by 16 columns with AVX2 and FMA: 12 accumulators, 2 instructions of B and 1 broadcast in 16 registers.

use super::PANEL;
use super::tile::Tile;
use std::arch::x86_64::*;

/// `M` rows by `V` instructions of 8 columns.
///
/// # Safety
/// The CPU has AVX2 and FMA, and `tile` keeps what `Tile` promises for `M` rows and `8 * V` columns.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn tile<const M: usize, const V: usize>(tile: &Tile) {
    let mut sums = [[_mm256_setzero_ps(); V]; M];
    let mut panel = tile.panels[0];
    for segment in tile.pointers.chunks_exact(tile.height) {
        let rows: [*const f32; M] = std::array::from_fn(|row| segment[row]);
        for k in tile.start..tile.start + tile.depth {
            // SAFETY: by the contract the panel has PANEL floats for each k of each segment, and each of the M rows
            // has `start + depth` floats.
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
            // SAFETY: `bias` has two panels of floats; by the contract y and residual reach past row M-1, vector V-1.
            unsafe {
                let at = row * tile.stride + 8 * v;
                let mut sum = _mm256_add_ps(sums[row][v], _mm256_loadu_ps(tile.bias.as_ptr().add(8 * v)));
                if tile.accumulate {
                    sum = _mm256_add_ps(sum, _mm256_loadu_ps(tile.y.add(at)));
                }
                if !tile.residual.is_null() {
                    sum = _mm256_add_ps(sum, _mm256_loadu_ps(tile.residual.add(at)));
                }
                // min and max return their second operand where one is NaN, so a NaN stays.
                sum = _mm256_min_ps(high, _mm256_max_ps(low, sum));
                _mm256_storeu_ps(tile.y.add(at), sum);
            }
        }
    }
}

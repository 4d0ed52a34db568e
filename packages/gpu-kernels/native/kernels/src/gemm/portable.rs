//! The tile of the AVX2 kernel in plain Rust, left to the compiler to vectorise (SSE2 or NEON).

use super::PANEL;
use super::tile::Tile;

/// `M` rows by `V` groups of 8 columns.
///
/// # Safety
/// `tile` keeps what `Tile` promises for `M` rows and `8 * V` columns.
pub unsafe fn tile<const M: usize, const V: usize>(tile: &Tile) {
    let mut sums = [[[0.0f32; 8]; V]; M];
    let mut panel = tile.panels[0];
    for segment in tile.pointers.chunks_exact(tile.height) {
        for k in tile.start..tile.start + tile.depth {
            // SAFETY: by the contract the panel has PANEL floats for each k of each segment.
            let columns = unsafe { std::slice::from_raw_parts(panel, PANEL) };
            for row in 0..M {
                // SAFETY: by the contract each of the first M rows has `start + depth` floats.
                let a = unsafe { *segment[row].add(k) };
                for v in 0..V {
                    for lane in 0..8 {
                        sums[row][v][lane] = multiply_add(a, columns[8 * v + lane], sums[row][v][lane]);
                    }
                }
            }
            panel = panel.wrapping_add(PANEL);
        }
    }
    for row in 0..M {
        for v in 0..V {
            for lane in 0..8 {
                let at = row * tile.stride + 8 * v + lane;
                // SAFETY: by the contract y and residual reach past row M-1, group V-1.
                unsafe {
                    let before = if tile.accumulate { *tile.y.add(at) } else { 0.0 };
                    let residual = if tile.residual.is_null() { 0.0 } else { *tile.residual.add(at) };
                    let sum = sums[row][v][lane] + tile.bias[8 * v + lane] + before + residual;
                    *tile.y.add(at) = crate::ops::elementwise::clamp(sum, tile.low, tile.high);
                }
            }
        }
    }
}

/// Fused where the base instruction set has it; elsewhere `mul_add` would call a slow library function.
#[inline(always)]
fn multiply_add(a: f32, b: f32, sum: f32) -> f32 {
    if cfg!(target_arch = "aarch64") { a.mul_add(b, sum) } else { a * b + sum }
}

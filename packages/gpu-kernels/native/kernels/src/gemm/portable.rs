//! The same tile in plain Rust, left to the compiler to vectorise (SSE2 or NEON).

use super::{PANEL, TILE_ROWS, Tile};

/// `M` rows by `V` groups of 8 columns.
///
/// # Safety
/// `tile.pointers` holds `segments * TILE_ROWS` pointers of which the first `M` of each segment point to
/// `start + depth` floats.
pub unsafe fn tile<const M: usize, const V: usize>(tile: &Tile, residual: Option<&[f32]>, y: &mut [f32], stride: usize) {
    let mut sums = [[[0.0f32; 8]; V]; M];
    let mut panel = tile.panel.chunks_exact(PANEL);
    for segment in tile.pointers.chunks_exact(TILE_ROWS).take(tile.segments) {
        for (k, columns) in panel.by_ref().take(tile.depth).enumerate() {
            for row in 0..M {
                // SAFETY: by the contract each of the first `M` rows has `start + depth` floats, and k < depth.
                let a = unsafe { *segment[row].add(tile.start + k) };
                for v in 0..V {
                    for lane in 0..8 {
                        sums[row][v][lane] = multiply_add(a, columns[8 * v + lane], sums[row][v][lane]);
                    }
                }
            }
        }
    }
    for row in 0..M {
        for v in 0..V {
            for lane in 0..8 {
                let at = row * stride + 8 * v + lane;
                let before = if tile.accumulate { y[at] } else { 0.0 };
                let sum = sums[row][v][lane] + tile.bias[8 * v + lane] + before + residual.map_or(0.0, |residual| residual[at]);
                y[at] = crate::ops::elementwise::clamp(sum, tile.low, tile.high);
            }
        }
    }
}

/// Fused where the base instruction set has it; elsewhere `mul_add` would call a slow library function.
#[inline(always)]
fn multiply_add(a: f32, b: f32, sum: f32) -> f32 {
    if cfg!(target_arch = "aarch64") { a.mul_add(b, sum) } else { a * b + sum }
}

//! Up to 6 rows by 16 columns with NEON: 24 accumulators, 4 instructions of B and single floats of A in 32 registers. Each
//! float of A is a lane of the instruction that multiplies it, so that it needs no broadcast.

use super::PANEL;
use super::tile::Tile;
use std::arch::aarch64::*;

/// `M` rows by `V` pairs of instructions of 4 columns.
///
/// # Safety
/// The CPU has NEON, and `tile` keeps what `Tile` promises for `M` rows and `8 * V` columns.
#[target_feature(enable = "neon")]
pub unsafe fn tile<const M: usize, const V: usize>(tile: &Tile) {
    let mut sums = [[[vdupq_n_f32(0.0); 2]; V]; M];
    let mut panel = tile.panels[0];
    for segment in tile.pointers.chunks_exact(tile.height) {
        let rows: [*const f32; M] = std::array::from_fn(|row| segment[row]);
        for k in tile.start..tile.start + tile.depth {
            // SAFETY: by the contract the panel has PANEL floats for each k of each segment, and each of the M rows
            // has `start + depth` floats.
            unsafe {
                let columns: [[float32x4_t; 2]; V] =
                    std::array::from_fn(|v| [vld1q_f32(panel.add(8 * v)), vld1q_f32(panel.add(8 * v + 4))]);
                for row in 0..M {
                    let a = *rows[row].add(k);
                    for v in 0..V {
                        for half in 0..2 {
                            sums[row][v][half] = vfmaq_n_f32(sums[row][v][half], columns[v][half], a);
                        }
                    }
                }
                panel = panel.add(PANEL);
            }
        }
    }
    let (low, high) = (vdupq_n_f32(tile.low), vdupq_n_f32(tile.high));
    for row in 0..M {
        for (v, half) in (0..V).flat_map(|v| [(v, 0), (v, 1)]) {
            let column = 8 * v + 4 * half;
            // SAFETY: `bias` has two panels of floats; by the contract y and residual reach past row M-1, column 8 · V - 1.
            unsafe {
                let at = row * tile.stride + column;
                let mut sum = vaddq_f32(sums[row][v][half], vld1q_f32(tile.bias.as_ptr().add(column)));
                if tile.accumulate {
                    sum = vaddq_f32(sum, vld1q_f32(tile.y.add(at)));
                }
                if !tile.residual.is_null() {
                    sum = vaddq_f32(sum, vld1q_f32(tile.residual.add(at)));
                }
                // min and max give NaN where an operand is one, so a NaN stays.
                vst1q_f32(tile.y.add(at), vminq_f32(high, vmaxq_f32(low, sum)));
            }
        }
    }
}

//! Tiles of `dots` with AVX-512 VNNI: up to 14 rows by 32 columns, 28 accumulators.

use super::dots::{TILE_ROWS, Tile};
use super::tile::COLUMNS;
use crate::ops::pointwise::avx512::Divisor;
use std::arch::x86_64::*;

macro_rules! dispatch {
    ($tile:expr, $rows:expr, $($count:literal)*) => {
        match ($rows, $tile.columns > COLUMNS) {
            $(($count, true) => rows::<$count, 2>($tile), ($count, false) => rows::<$count, 1>($tile),)*
            (rows, _) => unreachable!("a tile of {rows} rows"),
        }
    };
}

/// # Safety
/// The CPU has AVX-512 F, BW and VNNI, and `tile` keeps what `Tile` promises for `count` rows.
pub unsafe fn run(tile: &Tile, count: usize) {
    // SAFETY: the contract is passed on.
    unsafe { dispatch!(tile, count, 1 2 3 4 5 6 7 8 9 10 11 12 13 14) }
}

/// `M` rows by `V` panels.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn rows<const M: usize, const V: usize>(tile: &Tile) {
    let finish = tile.finish;
    // Loops in the place of `from_fn`, whose closures are calls where the compiler does not see through them.
    let mut sums = [[_mm512_setzero_si512(); V]; M];
    for v in 0..V {
        // SAFETY: `start` has two panels of numbers.
        let start = unsafe { _mm512_loadu_si512(finish.start.as_ptr().add(COLUMNS * v).cast()) };
        for row in 0..M {
            sums[row][v] = start;
        }
    }
    let mut at = 0;
    for segment in tile.pointers.chunks_exact(TILE_ROWS) {
        let mut rows = [std::ptr::null(); M];
        rows.copy_from_slice(&segment[..M]);
        for quad in 0..tile.quads {
            // SAFETY: by the contract the panels have 64 bytes for each quad of each segment, and each row 4.
            unsafe {
                let mut columns = [_mm512_setzero_si512(); V];
                for v in 0..V {
                    columns[v] = _mm512_loadu_si512(tile.panels[v].add(at).cast());
                }
                for row in 0..M {
                    let a = _mm512_set1_epi32(rows[row].add(4 * quad).cast::<i32>().read_unaligned());
                    for v in 0..V {
                        sums[row][v] = _mm512_dpbusd_epi32(sums[row][v], a, columns[v]);
                    }
                }
            }
            at += 4 * COLUMNS;
        }
    }
    // Through memory: the loop below is too long to be unrolled whole, and sums that it indexes would be in memory all along.
    let mut stored = [[[0i32; COLUMNS]; V]; M];
    for row in 0..M {
        for v in 0..V {
            // SAFETY: 16 numbers.
            unsafe { _mm512_storeu_si512(stored[row][v].as_mut_ptr().cast(), sums[row][v]) };
        }
    }
    let divisor = finish.divisor.map(|scale| Divisor::new(scale));
    for v in 0..V {
        let columns = (tile.columns - COLUMNS * v).min(COLUMNS);
        let mask = ((1u32 << columns) - 1) as __mmask16;
        // SAFETY: as above; by the contract y has `columns` numbers in each of the M rows, and masked lanes are not touched.
        unsafe {
            let scale = _mm512_loadu_ps(finish.scale.as_ptr().add(COLUMNS * v));
            for row in 0..M {
                let mut y = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(stored[row][v].as_ptr().cast())), scale);
                if let Some([zero_point, min, max]) = finish.requantize {
                    y = match divisor {
                        Some(divisor) => divisor.rounded(y),
                        None => _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(y),
                    };
                    y = _mm512_add_ps(y, _mm512_set1_ps(zero_point));
                    // max and min return their second operand where one is NaN.
                    y = _mm512_min_ps(_mm512_max_ps(y, _mm512_set1_ps(min)), _mm512_set1_ps(max));
                }
                let to = tile.y.add(row * tile.stride);
                match finish.least {
                    None => _mm512_mask_storeu_ps(to.cast::<f32>().add(COLUMNS * v), mask, y),
                    Some(least) => {
                        let q = _mm512_sub_epi32(_mm512_cvtps_epi32(y), _mm512_set1_epi32(least));
                        _mm512_mask_cvtepi32_storeu_epi8(to.add(COLUMNS * v).cast(), mask, q);
                    }
                }
            }
        }
    }
}

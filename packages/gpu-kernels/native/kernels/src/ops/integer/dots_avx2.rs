//! Tiles of `dots` with AVX-VNNI: up to 6 rows by 16 columns.

use super::dots_tile::{TILE_ROWS, Tile};
use super::tile::COLUMNS;
use std::arch::x86_64::*;

/// # Safety
/// The CPU has AVX2 and AVX-VNNI, and `tile` keeps what `Tile` promises for `count` rows, up to 6, and up to 16 columns.
pub unsafe fn run(tile: &Tile, count: usize) {
    // SAFETY: the contract is passed on.
    unsafe {
        match count {
            1 => rows::<1>(tile),
            2 => rows::<2>(tile),
            3 => rows::<3>(tile),
            4 => rows::<4>(tile),
            5 => rows::<5>(tile),
            _ => rows::<6>(tile),
        }
    }
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn rows<const M: usize>(tile: &Tile) {
    let (of, finish) = (tile.columns, tile.finish);
    let mut sums = [[_mm256_setzero_si256(); 2]; M];
    for v in 0..2 {
        // SAFETY: `start` has more than 16 numbers.
        let start = unsafe { _mm256_loadu_si256(of.start.as_ptr().add(8 * v).cast()) };
        for row in 0..M {
            sums[row][v] = start;
        }
    }
    let mut at = 0;
    for segment in tile.pointers.chunks_exact(TILE_ROWS) {
        let mut rows = [std::ptr::null(); M];
        rows.copy_from_slice(&segment[..M]);
        for quad in 0..tile.quads {
            // SAFETY: by the contract the panel has 64 bytes for each quad of each segment, and each row 4.
            unsafe {
                let columns = [_mm256_loadu_si256(tile.panels[0].add(at).cast()), _mm256_loadu_si256(tile.panels[0].add(at + 32).cast())];
                for row in 0..M {
                    let a = _mm256_set1_epi32(rows[row].add(4 * quad).cast::<i32>().read_unaligned());
                    for v in 0..2 {
                        sums[row][v] = _mm256_dpbusd_avx_epi32(sums[row][v], a, columns[v]);
                    }
                }
            }
            at += 4 * COLUMNS;
        }
    }
    for row in 0..M {
        let mut numbers = [0.0f32; COLUMNS];
        for v in 0..2 {
            // SAFETY: 16 numbers each.
            unsafe {
                let mut y = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[row][v]), _mm256_loadu_ps(of.scale.as_ptr().add(8 * v)));
                if let Some([zero_point, min, max]) = finish.requantize {
                    if let Some(divisor) = finish.divisor {
                        y = _mm256_div_ps(y, _mm256_set1_ps(divisor));
                    }
                    y = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(y);
                    y = _mm256_add_ps(y, _mm256_set1_ps(zero_point));
                    // max and min return their second operand where one is NaN.
                    y = _mm256_min_ps(_mm256_max_ps(y, _mm256_set1_ps(min)), _mm256_set1_ps(max));
                }
                _mm256_storeu_ps(numbers.as_mut_ptr().add(8 * v), y);
            }
        }
        // SAFETY: by the contract y has `columns` numbers in each row.
        unsafe {
            let to = tile.y.add(row * tile.stride);
            match finish.least {
                None => std::ptr::copy_nonoverlapping(numbers.as_ptr(), to.cast::<f32>(), of.count),
                Some(least) => {
                    let y = std::slice::from_raw_parts_mut(to, of.count);
                    y.iter_mut().zip(&numbers).for_each(|(y, &x)| *y = x.to_int_unchecked::<i32>().wrapping_sub(least) as u8);
                }
            }
        }
    }
}

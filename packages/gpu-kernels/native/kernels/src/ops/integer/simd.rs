//! Tiles of `integer` with AVX2 and with AVX-512 VNNI.

use super::tile::{COLUMNS, Sums, TILE_ROWS};
use std::arch::x86_64::*;

/// Two integers of a row, to be repeated over all columns.
///
/// # Safety
/// `row` and the one after it are inside the row.
#[inline(always)]
unsafe fn pair_at(row: *const i16, pair: usize) -> i32 {
    // SAFETY: by the contract; any alignment will do.
    unsafe { row.add(2 * pair).cast::<i32>().read_unaligned() }
}

macro_rules! by_rows {
    ($kernel:ident, $a:expr, $width:expr, $panel:expr, $sums:expr) => {
        match $a.len() / $width {
            1 => $kernel::<1>($a, $width, $panel, $sums),
            2 => $kernel::<2>($a, $width, $panel, $sums),
            3 => $kernel::<3>($a, $width, $panel, $sums),
            4 => $kernel::<4>($a, $width, $panel, $sums),
            5 => $kernel::<5>($a, $width, $panel, $sums),
            _ => $kernel::<6>($a, $width, $panel, $sums),
        }
    };
}

/// # Safety
/// The CPU has AVX2; `a` holds 1 to `TILE_ROWS` rows of `width`, and `panel` `width * COLUMNS` integers; `width` is even.
#[target_feature(enable = "avx2")]
pub unsafe fn avx2(a: &[i16], width: usize, panel: &[i16]) -> Sums {
    let mut sums = [[0i32; COLUMNS]; TILE_ROWS];
    // SAFETY: the contract is passed on.
    unsafe { by_rows!(avx2_rows, a, width, panel, &mut sums) };
    sums
}

#[target_feature(enable = "avx2")]
unsafe fn avx2_rows<const M: usize>(a: &[i16], width: usize, panel: &[i16], sums: &mut Sums) {
    let mut totals = [[_mm256_setzero_si256(); 2]; M];
    for pair in 0..width / 2 {
        // SAFETY: a panel has 2 * COLUMNS integers for each pair, and each row has `width` integers.
        unsafe {
            let columns: [__m256i; 2] = std::array::from_fn(|v| _mm256_loadu_si256(panel.as_ptr().add(2 * COLUMNS * pair + 16 * v).cast()));
            for row in 0..M {
                let both = _mm256_set1_epi32(pair_at(a.as_ptr().add(row * width), pair));
                for v in 0..2 {
                    totals[row][v] = _mm256_add_epi32(totals[row][v], _mm256_madd_epi16(both, columns[v]));
                }
            }
        }
    }
    for row in 0..M {
        for v in 0..2 {
            // SAFETY: a row of sums has 16 of them.
            unsafe { _mm256_storeu_si256(sums[row].as_mut_ptr().add(8 * v).cast(), totals[row][v]) };
        }
    }
}

/// # Safety
/// As `avx2`, on a CPU with AVX-512 F and VNNI.
#[target_feature(enable = "avx512f,avx512vnni")]
pub unsafe fn vnni(a: &[i16], width: usize, panel: &[i16]) -> Sums {
    let mut sums = [[0i32; COLUMNS]; TILE_ROWS];
    // SAFETY: the contract is passed on.
    unsafe { by_rows!(vnni_rows, a, width, panel, &mut sums) };
    sums
}

/// Even and odd pairs have sums of their own: an instruction takes five cycles, of which six rows alone would wait for some.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn vnni_rows<const M: usize>(a: &[i16], width: usize, panel: &[i16], sums: &mut Sums) {
    let mut totals = [[_mm512_setzero_si512(); 2]; M];
    let pairs = width / 2;
    for first in (0..pairs).step_by(2) {
        for odd in 0..2.min(pairs - first) {
            // SAFETY: a panel has 2 * COLUMNS integers for each pair, and each row has `width` integers.
            unsafe {
                let columns = _mm512_loadu_si512(panel.as_ptr().add(2 * COLUMNS * (first + odd)).cast());
                for row in 0..M {
                    let both = _mm512_set1_epi32(pair_at(a.as_ptr().add(row * width), first + odd));
                    totals[row][odd] = _mm512_dpwssd_epi32(totals[row][odd], both, columns);
                }
            }
        }
    }
    for row in 0..M {
        // SAFETY: a row of sums has 16 of them.
        unsafe { _mm512_storeu_si512(sums[row].as_mut_ptr().cast(), _mm512_add_epi32(totals[row][0], totals[row][1])) };
    }
}

//! Rows of a tile by 32 columns in vector registers, by products of pairs of bfloat16.

use super::apart::{EXACT, split_panels};
use super::tile::{Meanwhile, Sides, Sums, WIDTH};
use crate::amx::{ROW_BYTES, ROWS, TILE_BYTES};
use std::arch::x86_64::*;

/// Pairs of k in a step.
const PAIRS: usize = ROW_BYTES / 4;

/// Which parts of rows and columns are multiplied, the smallest products first, as on AMX.
const fn products(parts: usize) -> &'static [(usize, usize)] {
    match parts {
        1 => &[(0, 0)],
        2 => &[(1, 0), (0, 0), (0, 1)],
        _ => &[(2, 0), (1, 0), (0, 0), (0, 1), (0, 2), (1, 1)],
    }
}

/// Sums of products of floats in one part, in two or in three, for as many rows of both tiles as there are.
///
/// # Safety
/// The CPU has AVX-512F and BF16; `sides` has `steps` steps, at least one, of `PARTS` KiB at each of its pointers, and panels to
/// take apart where they are asked for.
pub unsafe fn sum<const PARTS: usize>(sides: &Sides, rows: [usize; 2], sums: &mut Sums) {
    const { assert!(PARTS >= 1 && PARTS <= EXACT) };
    let mut sides = *sides;
    let Meanwhile { from, to, taken, .. } = sides.meanwhile;
    // SAFETY: passed on.
    unsafe { split_panels(from, to, taken * sides.steps) };
    for (rows, to) in rows.into_iter().zip(sums.0.chunks_exact_mut(ROWS * WIDTH)) {
        // SAFETY: passed on; there is room for 16 rows of sums.
        unsafe {
            match rows {
                0 => {}
                1 => tile::<1, PARTS>(&sides, to),
                2 => tile::<2, PARTS>(&sides, to),
                3 => tile::<3, PARTS>(&sides, to),
                4 => tile::<4, PARTS>(&sides, to),
                5 => tile::<5, PARTS>(&sides, to),
                6 => tile::<6, PARTS>(&sides, to),
                7 => tile::<7, PARTS>(&sides, to),
                8 => tile::<8, PARTS>(&sides, to),
                9 => tile::<9, PARTS>(&sides, to),
                10 => tile::<10, PARTS>(&sides, to),
                11 => tile::<11, PARTS>(&sides, to),
                12 => tile::<12, PARTS>(&sides, to),
                13 => tile::<13, PARTS>(&sides, to),
                14 => tile::<14, PARTS>(&sides, to),
                _ => unreachable!("tiles of vectors have at most 14 rows, received {rows}"),
            }
        }
        // What was fetched with the first tile need not be with the second.
        sides = Sides { a: [sides.a[1]; 2], meanwhile: Meanwhile { fetched: 0, ..sides.meanwhile }, ..sides };
    }
}

/// # Safety
/// As `sum`; `to` has `HEIGHT` rows of sums.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn tile<const HEIGHT: usize, const PARTS: usize>(sides: &Sides, to: &mut [f32]) {
    let &Sides { a: [mut a, _], a_step, b: [mut left, mut right], b_step, steps, meanwhile: Meanwhile { from: mut ahead, fetched, .. } } =
        sides;
    let mut sums = [[_mm512_setzero_ps(); 2]; HEIGHT];
    for _ in 0..steps {
        for _ in 0..fetched * PAIRS {
            _mm_prefetch::<_MM_HINT_T1>(ahead.cast());
            ahead = ahead.wrapping_add(ROW_BYTES);
        }
        for &(of_a, of_b) in const { products(PARTS) } {
            for pair in 0..PAIRS {
                let line = of_b * TILE_BYTES + pair * ROW_BYTES;
                // SAFETY: a line of a step of both panels, and a pair of each row.
                unsafe {
                    let columns = [left, right].map(|panel| std::mem::transmute(_mm512_loadu_si512(panel.add(line).cast())));
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let x = a.add(of_a * TILE_BYTES + row * ROW_BYTES + pair * 4).cast::<i32>().read();
                        let x = std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(x));
                        *sums = [0, 1].map(|panel: usize| _mm512_dpbf16_ps(sums[panel], x, columns[panel]));
                    }
                }
            }
        }
        (a, left, right) = (a.wrapping_add(a_step), left.wrapping_add(b_step), right.wrapping_add(b_step));
    }
    for (to, sums) in to.chunks_exact_mut(WIDTH).zip(sums) {
        for (to, sums) in to.chunks_exact_mut(WIDTH / 2).zip(sums) {
            // SAFETY: 16 floats.
            unsafe { _mm512_storeu_ps(to.as_mut_ptr(), sums) };
        }
    }
}

//! Tiles of `integer` with NEON: of 16-bit integers everywhere, of bytes by SDOT where the processor has it.

use super::tile::{COLUMNS, Sums, TILE_ROWS};
use std::arch::aarch64::*;
use std::arch::asm;

macro_rules! by_rows {
    ($kernel:ident, $rows:expr, $($operand:expr),*) => {
        match $rows {
            1 => $kernel::<1>($($operand),*),
            2 => $kernel::<2>($($operand),*),
            3 => $kernel::<3>($($operand),*),
            4 => $kernel::<4>($($operand),*),
            5 => $kernel::<5>($($operand),*),
            _ => $kernel::<6>($($operand),*),
        }
    };
}

/// # Safety
/// The CPU has NEON; `a` holds 1 to `TILE_ROWS` rows of `width`, and `panel` `width * COLUMNS` integers; `width` is even.
#[target_feature(enable = "neon")]
pub unsafe fn pairs(a: &[i16], width: usize, panel: &[i16]) -> Sums {
    let mut sums = [[0i32; COLUMNS]; TILE_ROWS];
    // SAFETY: the contract is passed on.
    unsafe { by_rows!(pairs_rows, a.len() / width, a, width, panel, &mut sums) };
    sums
}

#[target_feature(enable = "neon")]
unsafe fn pairs_rows<const M: usize>(a: &[i16], width: usize, panel: &[i16], sums: &mut Sums) {
    let mut totals = [[vdupq_n_s32(0); 4]; M];
    for pair in 0..width / 2 {
        // SAFETY: a panel has 2 * COLUMNS integers for each pair, and each row has `width` integers.
        unsafe {
            // The first and the second of the pairs of 8 columns, twice.
            let halves: [int16x8x2_t; 2] = std::array::from_fn(|half| vld2q_s16(panel.as_ptr().add(2 * COLUMNS * pair + COLUMNS * half)));
            for row in 0..M {
                let both = a.as_ptr().add(row * width + 2 * pair);
                for (half, int16x8x2_t(first, second)) in halves.into_iter().enumerate() {
                    let [low, high] = [2 * half, 2 * half + 1];
                    totals[row][low] = vmlal_n_s16(totals[row][low], vget_low_s16(first), *both);
                    totals[row][high] = vmlal_high_n_s16(totals[row][high], first, *both);
                    totals[row][low] = vmlal_n_s16(totals[row][low], vget_low_s16(second), *both.add(1));
                    totals[row][high] = vmlal_high_n_s16(totals[row][high], second, *both.add(1));
                }
            }
        }
    }
    store(&totals, sums);
}

/// Sums that begin with those of `start`.
///
/// # Safety
/// The CPU has dot products; `a` holds 1 to `TILE_ROWS` rows of `width`, and `panel` `width * COLUMNS` bytes; `width` is a
/// multiple of 4.
#[target_feature(enable = "neon,dotprod")]
pub unsafe fn quads(a: &[i8], width: usize, panel: &[u8], start: &[i32; COLUMNS]) -> Sums {
    let mut sums = [[0i32; COLUMNS]; TILE_ROWS];
    // SAFETY: the contract is passed on.
    unsafe { by_rows!(quads_rows, a.len() / width, a, width, panel, start, &mut sums) };
    sums
}

#[target_feature(enable = "neon,dotprod")]
unsafe fn quads_rows<const M: usize>(a: &[i8], width: usize, panel: &[u8], start: &[i32; COLUMNS], sums: &mut Sums) {
    // SAFETY: `start` has 16 integers.
    let mut totals: [[int32x4_t; 4]; M] = [std::array::from_fn(|v| unsafe { vld1q_s32(start.as_ptr().add(4 * v)) }); M];
    for quad in 0..width / 4 {
        // SAFETY: a panel has 4 * COLUMNS bytes for each quad, and each row has `width` bytes.
        unsafe {
            let columns: [int8x16_t; 4] = std::array::from_fn(|v| vld1q_s8(panel.as_ptr().cast::<i8>().add(4 * COLUMNS * quad + 16 * v)));
            for row in 0..M {
                // As a float, because that is loaded straight into a vector register; nothing computes with it.
                let bytes = a.as_ptr().add(row * width + 4 * quad).cast::<f32>().read_unaligned();
                for v in 0..4 {
                    totals[row][v] = dot(totals[row][v], columns[v], bytes);
                }
            }
        }
    }
    store(&totals, sums);
}

/// Adds to each of four sums the products of its four bytes of `columns` and the four of `bytes`. Its intrinsic became stable
/// in Rust 1.98.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot(mut sums: int32x4_t, columns: int8x16_t, bytes: f32) -> int32x4_t {
    // SAFETY: touches registers alone; the feature is that of this function.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {columns:v}.16b, {bytes:v}.4b[0]",
            sums = inout(vreg) sums,
            columns = in(vreg) columns,
            bytes = in(vreg) bytes,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sums
}

#[inline]
#[target_feature(enable = "neon")]
fn store<const M: usize>(totals: &[[int32x4_t; 4]; M], sums: &mut Sums) {
    for (totals, sums) in totals.iter().zip(sums) {
        for (&total, sums) in totals.iter().zip(sums.chunks_exact_mut(4)) {
            // SAFETY: a slice of 4 integers.
            unsafe { vst1q_s32(sums.as_mut_ptr(), total) };
        }
    }
}

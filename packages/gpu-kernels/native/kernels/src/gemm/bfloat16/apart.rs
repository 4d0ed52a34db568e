//! Floats as sums of bfloat16: x = x₁ + x₂ + x₃, each the rest of those before it, rounded to its 8 bits. Three hold the 24 bits of
//! a float, and of the nine products of two such sums the three smallest, below 2^-24 of the whole, are left out (the
//! decomposition of Henry, Tang and Heinecke, arXiv 1904.06376). What is so small that a part of it would lie below 2^-126 loses
//! that part: the products take such numbers for 0.

use super::super::PANEL;
use crate::amx::{ROW_BYTES, TILE_BYTES};
use std::arch::x86_64::*;

/// Parts that hold a float.
pub const EXACT: usize = 3;
/// Numbers of k in a register.
pub const STEP: usize = ROW_BYTES / 2;
/// Floats of the room that a register takes in memory.
pub const TILE_FLOATS: usize = TILE_BYTES / size_of::<f32>();

/// Bits from which on a float has no parts: it is not finite, or would round to infinity.
const BEYOND: u32 = 0x7f7f_8000;

/// A float's highest 8 bits, the last rounded away from zero in a tie, and what is left.
#[inline]
#[target_feature(enable = "avx512f")]
fn take_part(x: __m512) -> (__m512i, __m512) {
    let rounded = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000));
    let part = _mm512_and_si512(rounded, _mm512_set1_epi32(0xffff_0000u32 as i32));
    (part, _mm512_sub_ps(x, _mm512_castsi512_ps(part)))
}

#[inline]
#[target_feature(enable = "avx512f")]
pub fn is_beyond(x: __m512) -> __mmask16 {
    let size = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(i32::MAX));
    _mm512_cmpge_epu32_mask(size, _mm512_set1_epi32(BEYOND as i32))
}

/// Two rows of 16 floats to a line of each part, `TILE_BYTES` apart.
///
/// # Safety
/// The CPU has AVX-512F; `to` leads to 64 bytes for each part.
#[inline]
#[target_feature(enable = "avx512f")]
pub unsafe fn split_line(mut rest: [__m512; 2], parts: usize, to: *mut u8) {
    for part in 0..parts {
        let (low, high);
        (low, rest[0]) = take_part(rest[0]);
        (high, rest[1]) = take_part(rest[1]);
        let words = _mm512_or_si512(_mm512_srli_epi32::<16>(low), high);
        // SAFETY: by the contract.
        unsafe { _mm512_storeu_si512(to.add(part * TILE_BYTES).cast(), words) };
    }
}

/// Steps of panels of floats, `[32 of k][16 columns]` each, to their three parts, `[part][16 pairs of k][16 columns][2]`.
///
/// # Safety
/// The CPU has AVX-512F; `from` leads to 2 KiB and `to` to 3 KiB for each of `panels`.
#[target_feature(enable = "avx512f")]
pub unsafe fn split_panels(from: *const u8, to: *mut u8, panels: usize) {
    for line in 0..panels * STEP / 2 {
        let (panel, pair) = (line / (STEP / 2), line % (STEP / 2));
        // SAFETY: two rows of floats, and a line of each part, of a panel.
        unsafe {
            let from = from.add(2 * line * ROW_BYTES).cast::<f32>();
            let rest = [_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(PANEL))];
            split_line(rest, EXACT, to.add(panel * EXACT * TILE_BYTES + pair * ROW_BYTES));
        }
    }
}

/// 32 floats to a row of each part, `TILE_BYTES` apart; a mask of floats without parts.
///
/// # Safety
/// The CPU has AVX-512F and BW; `floats` leads to 32 floats, and `to` to 64 bytes for each part.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub unsafe fn split<const PARTS: usize>(floats: *const f32, to: *mut u8) -> __mmask16 {
    let odd: [i16; STEP] = const {
        let mut odd = [0; STEP];
        let mut at = 0;
        while at < STEP {
            odd[at] = 2 * at as i16 + 1;
            at += 1;
        }
        odd
    };
    // SAFETY: by the contract; `odd` has 64 bytes.
    unsafe {
        let odd = _mm512_loadu_si512(odd.as_ptr().cast());
        let mut rest = [_mm512_loadu_ps(floats), _mm512_loadu_ps(floats.add(STEP / 2))];
        let beyond = is_beyond(rest[0]) | is_beyond(rest[1]);
        for part in 0..PARTS {
            let (low, high);
            (low, rest[0]) = take_part(rest[0]);
            (high, rest[1]) = take_part(rest[1]);
            _mm512_storeu_si512(to.add(part * TILE_BYTES).cast(), _mm512_permutex2var_epi16(low, odd, high));
        }
        beyond
    }
}

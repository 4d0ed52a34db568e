//! Floats as sums of bfloat16: x = x₁ + x₂ + x₃, each the rest of those before it, rounded to its 8 bits. Three hold the 24 bits of
//! a float, and of the nine products of two such sums the three smallest, below 2^-24 of the whole, are left out (the
//! decomposition of Henry, Tang and Heinecke, arXiv 1904.06376). What is so small that a part of it would lie below 2^-126 loses
//! that part: the products take such numbers for 0.

use super::super::PANEL;
use super::super::packed::Source;
use crate::amx::{ROW_BYTES, TILE_BYTES};
use crate::bfloat16::Unit;
use crate::error::Result;
use crate::memory::Floats;
use crate::ops::pointwise::bytes;
use crate::stored::Stored;
use rayon::prelude::*;
use std::arch::x86_64::*;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Parts that hold a float.
pub const EXACT: usize = 3;
/// Numbers of k in a register.
pub const STEP: usize = ROW_BYTES / 2;
/// Floats of the room that a register takes in memory.
const TILE_FLOATS: usize = TILE_BYTES / size_of::<f32>();

/// Bits from which on a float has no parts: it is not finite, or would round to infinity.
const BEYOND: u32 = 0x7f7f_8000;

/// B in pairs of panels of 16 columns: `[pair][step][panel][part][16 pairs of k][16 columns][2]`, the last pair perhaps of one panel.
#[derive(Debug)]
pub struct Parts {
    pub k: usize,
    pub n: usize,
    pub parts: usize,
    pub unit: Unit,
    data: Floats,
}

impl Parts {
    /// From a weight `[n][k]`, by all threads of the pool that this runs in; `None` where a weight has no parts.
    pub fn from_stored(weight: Stored, k: usize, n: usize, parts: usize, unit: Unit) -> Result<Option<Self>> {
        let source = Source::new(weight, k, n)?;
        let pair = k.div_ceil(STEP) * 2 * parts * TILE_FLOATS;
        let data = Floats::zeroed(k.div_ceil(STEP) * n.div_ceil(PANEL) * parts * TILE_FLOATS, "packed weights")?;
        let (mut packed, whole) = (Parts { k, n, parts, unit, data }, AtomicBool::new(true));
        // As many pairs as the source reads together.
        let pairs = source.group() / 2;
        packed.data.par_chunks_mut(pairs * pair).enumerate().for_each(|(index, to)| {
            let first = index * source.group() * PANEL;
            let panels = (n - first).div_ceil(PANEL).min(source.group());
            let mut floats = vec![0.0; panels * PANEL * k];
            source.fill(first, &mut floats);
            for (pair, to) in floats.chunks(2 * PANEL * k).zip(to.chunks_mut(pair)) {
                // SAFETY: `Parts` are made where there is a `Unit`, which each are found with AVX-512 alone.
                if !unsafe { enter(pair, k, parts, to) } {
                    whole.store(false, Relaxed);
                }
            }
        });
        Ok(whole.into_inner().then_some(packed))
    }

    pub fn steps(&self) -> usize {
        self.k.div_ceil(STEP)
    }

    pub fn pairs(&self) -> usize {
        self.n.div_ceil(2 * PANEL)
    }

    /// A step of both panels of a pair, and bytes from a step to the next.
    pub fn pair(&self, index: usize, step: usize) -> ([*const u8; 2], usize) {
        let (panel, first) = (self.parts * TILE_BYTES, index * self.steps() * 2 * self.parts * TILE_BYTES);
        let has_two = self.n > (2 * index + 1) * PANEL;
        let length = if has_two { 2 * panel } else { panel };
        let start = bytes(&self.data)[first + step * length..].as_ptr();
        ([start, if has_two { start.wrapping_add(panel) } else { start }], length)
    }

    /// Σ a · b in float32 for the columns of a pair, from floats of any kind, of which `a` has as many as there are from `step` on, or
    /// fewer.
    ///
    /// # Safety
    /// The CPU has AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn plain_sums(&self, a: &[f32], pair: usize, step: usize, sums: &mut [f32]) {
        assert!(step * STEP + a.len() <= self.k.next_multiple_of(STEP));
        let (panels, length) = self.pair(pair, step);
        for (panel, sums) in panels.into_iter().zip(sums.chunks_exact_mut(PANEL)) {
            let mut total = _mm512_setzero_ps();
            for (at, a) in a.chunks(2).enumerate() {
                let line = panel.wrapping_add(at / (STEP / 2) * length + at % (STEP / 2) * ROW_BYTES);
                let mut columns = [_mm512_setzero_ps(); 2];
                for part in (0..self.parts).rev() {
                    // SAFETY: a line of 16 pairs of bfloat16 of a step of the panel.
                    let words = unsafe { _mm512_loadu_si512(line.add(part * TILE_BYTES).cast()) };
                    let high = _mm512_and_si512(words, _mm512_set1_epi32(0xffff_0000u32 as i32));
                    columns[0] = _mm512_add_ps(columns[0], _mm512_castsi512_ps(_mm512_slli_epi32::<16>(words)));
                    columns[1] = _mm512_add_ps(columns[1], _mm512_castsi512_ps(high));
                }
                for (&a, columns) in a.iter().zip(columns) {
                    total = _mm512_fmadd_ps(_mm512_set1_ps(a), columns, total);
                }
            }
            // SAFETY: a panel of sums.
            unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), total) };
        }
    }
}

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
fn is_beyond(x: __m512) -> __mmask16 {
    let size = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(i32::MAX));
    _mm512_cmpge_epu32_mask(size, _mm512_set1_epi32(BEYOND as i32))
}

/// Panels `[k][16]` of a pair to their steps; whether all have parts.
///
/// # Safety
/// The CPU has AVX-512F.
#[target_feature(enable = "avx512f")]
unsafe fn enter(panels: &[f32], k: usize, parts: usize, to: &mut [f32]) -> bool {
    let count = panels.len() / (PANEL * k);
    let mut beyond = 0;
    for (number, panel) in panels.chunks_exact(PANEL * k).enumerate() {
        for (at, rows) in panel.chunks(2 * PANEL).enumerate() {
            let start = ((at / (STEP / 2) * count + number) * parts) * TILE_FLOATS + at % (STEP / 2) * PANEL;
            // SAFETY: one or two rows of 16 floats.
            let mut rest = unsafe { [_mm512_loadu_ps(rows.as_ptr()), _mm512_setzero_ps()] };
            if let Some(second) = rows.get(PANEL..) {
                // SAFETY: 16 floats, as `rows` has two rows.
                rest[1] = if second.is_empty() { rest[1] } else { unsafe { _mm512_loadu_ps(second.as_ptr()) } };
            }
            beyond |= is_beyond(rest[0]) | is_beyond(rest[1]);
            for part in 0..parts {
                let (low, high);
                (low, rest[0]) = take_part(rest[0]);
                (high, rest[1]) = take_part(rest[1]);
                let words = _mm512_or_si512(_mm512_srli_epi32::<16>(low), high);
                let to = &mut to[start + part * TILE_FLOATS..][..PANEL];
                // SAFETY: 64 bytes.
                unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), words) };
            }
        }
    }
    beyond == 0
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

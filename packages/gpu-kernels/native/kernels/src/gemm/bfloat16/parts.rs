//! B as it is kept.

use super::super::PANEL;
use super::super::packed::Source;
use super::apart::{EXACT, STEP, TILE_FLOATS, is_beyond, split_line};
use crate::amx::{ROW_BYTES, TILE_BYTES};
use crate::bfloat16::Unit;
use crate::error::Result;
use crate::memory::Floats;
use crate::ops::pointwise::bytes;
use crate::stored::Stored;
use rayon::prelude::*;
use std::arch::x86_64::*;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Rooms of a register that a step of a panel takes as it is kept.
fn kept(parts: usize) -> usize {
    if parts == EXACT { STEP * PANEL / TILE_FLOATS } else { parts }
}

/// B in pairs of panels of 16 columns: `[pair][step][panel][part][16 pairs of k][16 columns][2]`, the last pair perhaps of one panel.
/// What is multiplied in three parts is kept in floats, `[pair][step][panel][32 of k][16 columns]`, since reading six bytes a number
/// from memory takes longer than reading four and taking them apart beside the products.
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
        let panel = k.div_ceil(STEP) * kept(parts) * TILE_FLOATS;
        let data = Floats::zeroed(panel * n.div_ceil(PANEL), "packed weights")?;
        let (mut packed, whole) = (Parts { k, n, parts, unit, data }, AtomicBool::new(true));
        // As many pairs as the source reads together.
        let pairs = source.group() / 2;
        packed.data.par_chunks_mut(pairs * 2 * panel).enumerate().for_each(|(index, to)| {
            let first = index * source.group() * PANEL;
            let panels = (n - first).div_ceil(PANEL).min(source.group());
            let mut floats = vec![0.0; panels * PANEL * k];
            source.fill(first, &mut floats);
            for (pair, to) in floats.chunks(2 * PANEL * k).zip(to.chunks_mut(2 * panel)) {
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

    /// Panels of a pair.
    pub fn panels(&self, pair: usize) -> usize {
        (self.n.div_ceil(PANEL) - 2 * pair).min(2)
    }

    /// A step of a pair as it is kept, and bytes from a step to the next.
    pub fn pair(&self, pair: usize, step: usize) -> (*const u8, usize) {
        let panel = kept(self.parts) * TILE_BYTES;
        let length = self.panels(pair) * panel;
        (bytes(&self.data)[pair * self.steps() * 2 * panel + step * length..].as_ptr(), length)
    }

    /// Σ a · b in float32 for the columns of a pair, from floats of any kind, of which `a` has as many as there are from `step` on, or
    /// fewer.
    ///
    /// # Safety
    /// The CPU has AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn plain_sums(&self, a: &[f32], pair: usize, step: usize, sums: &mut [f32]) {
        assert!(step * STEP + a.len() <= self.k.next_multiple_of(STEP));
        let (start, length) = self.pair(pair, step);
        for (panel, sums) in sums.chunks_exact_mut(PANEL).take(self.panels(pair)).enumerate() {
            let panel = start.wrapping_add(panel * kept(self.parts) * TILE_BYTES);
            let mut total = _mm512_setzero_ps();
            for (at, a) in a.chunks(2).enumerate() {
                // SAFETY: a pair of k of a step of the panel.
                let rows = unsafe { self.rows(panel.wrapping_add(at / (STEP / 2) * length), at % (STEP / 2)) };
                for (&a, row) in a.iter().zip(rows) {
                    total = _mm512_fmadd_ps(_mm512_set1_ps(a), row, total);
                }
            }
            // SAFETY: a panel of sums.
            unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), total) };
        }
    }

    /// A pair of k of a step of a panel in floats.
    ///
    /// # Safety
    /// The CPU has AVX-512F; `step` leads to a step of a panel, and `pair` is below 16.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn rows(&self, step: *const u8, pair: usize) -> [__m512; 2] {
        if self.parts == EXACT {
            let rows = step.wrapping_add(2 * pair * ROW_BYTES).cast::<f32>();
            // SAFETY: two rows of 16 floats.
            return unsafe { [_mm512_loadu_ps(rows), _mm512_loadu_ps(rows.add(PANEL))] };
        }
        let mut rows = [_mm512_setzero_ps(); 2];
        for part in (0..self.parts).rev() {
            // SAFETY: a line of 16 pairs of bfloat16.
            let words = unsafe { _mm512_loadu_si512(step.add(part * TILE_BYTES + pair * ROW_BYTES).cast()) };
            let high = _mm512_and_si512(words, _mm512_set1_epi32(0xffff_0000u32 as i32));
            rows[0] = _mm512_add_ps(rows[0], _mm512_castsi512_ps(_mm512_slli_epi32::<16>(words)));
            rows[1] = _mm512_add_ps(rows[1], _mm512_castsi512_ps(high));
        }
        rows
    }
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
            let start = (at / (STEP / 2) * count + number) * kept(parts) * TILE_FLOATS;
            // SAFETY: one or two rows of 16 floats.
            let mut rest = unsafe { [_mm512_loadu_ps(rows.as_ptr()), _mm512_setzero_ps()] };
            if let Some(second) = rows.get(PANEL..) {
                // SAFETY: 16 floats, as `rows` has two rows.
                rest[1] = if second.is_empty() { rest[1] } else { unsafe { _mm512_loadu_ps(second.as_ptr()) } };
            }
            beyond |= is_beyond(rest[0]) | is_beyond(rest[1]);
            let (pair, to) = (at % (STEP / 2), &mut to[start..][..kept(parts) * TILE_FLOATS]);
            if parts == EXACT {
                to[2 * pair * PANEL..][..rows.len()].copy_from_slice(rows);
                continue;
            }
            // SAFETY: a line of each part of this step.
            unsafe { split_line(rest, parts, to.as_mut_ptr().add(pair * PANEL).cast()) };
        }
    }
    beyond == 0
}

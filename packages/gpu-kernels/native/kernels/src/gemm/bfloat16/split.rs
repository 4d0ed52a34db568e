//! Rows of A in parts.

use super::super::rows::Rows;
use super::apart::{STEP, split};
use super::parts::Parts;
use super::tile::{Sums, WIDTH};
use crate::amx::{ROW_BYTES, ROWS, TILE_BYTES};
use crate::ops::pointwise::bytes_mut;
use crate::scratch::Scratch;
use crate::threads::Mode;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Some steps of rows of A in parts: `[pair of tiles][step][tile][part][16 rows][32]`, the last pair perhaps of one tile.
pub struct Split<'a> {
    pub rows: &'a Rows<'a>,
    floats: Scratch,
    parts: usize,
    pub steps: Range<usize>,
    /// Tiles and slots of rows that have no parts.
    beyond: Vec<(usize, usize)>,
}

impl<'a> Split<'a> {
    pub fn new<const PARTS: usize>(mode: Mode, rows: &'a Rows<'a>, steps: Range<usize>) -> Self {
        let tile = steps.len() * PARTS * TILE_BYTES / size_of::<f32>();
        let mut floats = Scratch::take(rows.tiles() * tile);
        let beyond = Mutex::new(Vec::new());
        mode.chunks(&mut floats, 2 * tile, |pair, to| {
            let tiles = 2 * pair..(2 * pair + 2).min(rows.tiles());
            // SAFETY: there is a `Unit`, which each are found with AVX-512 F and BW alone.
            let found = unsafe { split_pair::<PARTS>(rows, tiles, steps.clone(), bytes_mut(to)) };
            if !found.is_empty() {
                beyond.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
            }
        });
        Split { rows, floats, parts: PARTS, steps, beyond: beyond.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }

    pub fn pairs(&self) -> usize {
        self.rows.tiles().div_ceil(2)
    }

    /// The first step of both tiles of a pair, and bytes from a step to the next.
    pub fn pair(&self, index: usize) -> ([*const u8; 2], usize) {
        let tile = self.parts * TILE_BYTES;
        let start = self.floats.as_ptr().cast::<u8>().wrapping_add(index * self.steps.len() * 2 * tile);
        if 2 * index + 1 < self.rows.tiles() { ([start, start.wrapping_add(tile)], 2 * tile) } else { ([start; 2], tile) }
    }

    /// Sums of rows that have no parts, in float32.
    ///
    /// # Safety
    /// The CPU has AVX-512F.
    pub unsafe fn replace_beyond(&self, tiles: Range<usize>, b: &Parts, pair: usize, sums: &mut Sums) {
        for &(tile, slot) in self.beyond.iter().filter(|(tile, _)| tiles.contains(tile)) {
            let mut line = vec![0.0; b.k];
            self.rows.copy_row(tile, slot, &mut line);
            let line = &line[self.steps.start * STEP..b.k.min(self.steps.end * STEP)];
            let row = (tile - tiles.start) * ROWS + slot;
            // SAFETY: passed on.
            unsafe { b.plain_sums(line, pair, self.steps.start, &mut sums.0[row * WIDTH..][..WIDTH]) };
        }
    }
}

/// Steps of the rows of one or two tiles; gives those that have no parts.
///
/// # Safety
/// The CPU has AVX-512F and BW.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn split_pair<const PARTS: usize>(rows: &Rows, tiles: Range<usize>, steps: Range<usize>, to: &mut [u8]) -> Vec<(usize, usize)> {
    let (count, depth) = (tiles.len(), rows.depth);
    let mut beyond = Vec::new();
    // A segment that is no whole number of steps lies with the others in a line of its own.
    let is_whole = depth.is_multiple_of(STEP);
    let mut line = vec![0.0; if is_whole { 0 } else { (rows.segments * depth).next_multiple_of(STEP) }];
    for (number, tile) in tiles.enumerate() {
        for slot in 0..rows.tile(tile).len() {
            let mut mask = 0;
            let target = |step: usize| ((step - steps.start) * count + number) * PARTS * TILE_BYTES + slot * ROW_BYTES;
            if !is_whole {
                rows.copy_row(tile, slot, &mut line);
            }
            for step in steps.clone() {
                let (segment, start) = (step * STEP / depth, step * STEP % depth);
                let from = if is_whole { &rows.segment(tile, slot, segment)[start..] } else { &line[step * STEP..] };
                let to = &mut to[target(step)..][..(PARTS - 1) * TILE_BYTES + ROW_BYTES];
                // SAFETY: 32 floats, and a row of each part.
                mask |= unsafe { split::<PARTS>(from[..STEP].as_ptr(), to.as_mut_ptr()) };
            }
            if mask != 0 {
                beyond.push((tile, slot));
            }
        }
    }
    beyond
}

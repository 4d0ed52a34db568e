//! The product of A and B in parts of bfloat16, with sums in float32. Rows of A are split block by block, B once.

mod apart;
mod columns;
mod parts;
mod split;
#[cfg(test)]
mod tests;
mod tile;
mod tile_amx;
mod tile_vectors;

use super::rows::Rows;
use super::split::{PARTS as TASKS, part_of};
use super::{Epilogue, Layout, Output, finish_rows};
use crate::amx::{ROW_BYTES, ROWS, Tiles};
use crate::bfloat16::{Unit, unit};
use crate::program::Activation;
use crate::threads::Mode;
pub use apart::EXACT;
use apart::STEP;
use columns::{Groups, Pair};
pub use parts::Parts;
use split::Split;
use std::ops::Range;
use tile::{End, HEIGHT, Sides, Sums, WIDTH};

/// Bytes of rows in parts that one block may take: with two panels of B they stay in a second-level cache of 2 MiB, or of 1 MiB as
/// the processors have that multiply by vectors.
const BLOCK_BYTES: usize = 1024 * 1024;
/// Longest part of k that is summed at once, in steps: so that a block has rows enough for each time that B is read.
const DEEPEST: usize = 32;
/// Fewest rows for which B is read: with fewer, reading it takes longer than multiplying.
const FEWEST_ROWS: usize = 2 * HEIGHT;

/// What multiplies the `parts` of a layer of `rows` rows an item, if that is faster than in float32. Depends on the layer and the
/// processor alone, so that an item has the same result in any batch.
pub fn unit_for(rows: usize, k: usize, n: usize, parts: usize) -> Option<Unit> {
    let is_large = rows >= ROWS && k >= 2 * STEP && n >= WIDTH;
    unit().filter(|unit| is_large && parts <= unit.most_parts())
}

/// What all blocks of a product share.
#[derive(Clone, Copy)]
struct Job<'a> {
    b: &'a Parts,
    layout: Layout,
    epilogue: Epilogue<'a>,
}

/// A pair of panels of B, and what becomes of its sums.
struct Columns {
    pair: Pair,
    /// The first of its columns in y, and how many they are.
    first: usize,
    count: usize,
    bias: [f32; WIDTH],
}

/// y = activation(A · Bᵀ + bias + residual), as `product` of floats does it.
pub fn product<'a>(
    mode: Mode,
    rows_of: impl Fn(Range<usize>) -> Rows<'a> + Sync,
    b: &Parts,
    y: &mut [f32],
    layout: Layout,
    epilogue: Epilogue,
) {
    let job = Job { b, layout, epilogue };
    match b.parts {
        1 => job.run::<1>(mode, rows_of, y),
        2 => job.run::<2>(mode, rows_of, y),
        _ => job.run::<EXACT>(mode, rows_of, y),
    }
}

impl Job<'_> {
    fn run<'a, const PARTS: usize>(self, mode: Mode, rows_of: impl Fn(Range<usize>) -> Rows<'a> + Sync, y: &mut [f32]) {
        let rows = y.len() / self.layout.stride;
        let (height, across) = self.blocks(mode, rows);
        let y = Output::new(y);
        let block_of = |index: usize| index * height..rows.min((index + 1) * height);
        let down = rows.div_ceil(height);
        if across == 1 {
            mode.tasks(down, |index| {
                let a = rows_of(block_of(index));
                for steps in self.spans() {
                    let split = Split::new::<PARTS>(Mode::Sequential, &a, steps);
                    // SAFETY: each task has its own rows, and `y` is borrowed mutably until all have ended.
                    unsafe { self.block::<PARTS>(&split, 0..self.b.pairs(), index * height, y) };
                }
            });
            return;
        }
        for index in 0..down {
            let a = rows_of(block_of(index));
            for steps in self.spans() {
                let split = Split::new::<PARTS>(mode, &a, steps);
                // SAFETY: each task has its own columns, and `y` is borrowed mutably until all have ended.
                mode.tasks(across, |part| unsafe { self.block::<PARTS>(&split, part_of(part, across, self.b.pairs()), index * height, y) });
            }
        }
    }

    /// Parts of k that are summed one after the other.
    fn spans(self) -> impl Iterator<Item = Range<usize>> {
        let (steps, count) = (self.b.steps(), self.b.steps().div_ceil(DEEPEST));
        (0..count).map(move |index| part_of(index, count, steps))
    }

    /// Rows of a block, and into how many parts B is cut.
    fn blocks(self, mode: Mode, rows: usize) -> (usize, usize) {
        let pair = 2 * self.b.unit.rows();
        let cached = (BLOCK_BYTES / (self.b.steps().min(DEEPEST) * self.b.parts * ROW_BYTES)).max(pair) / pair * pair;
        let even = |most: usize| rows.div_ceil(rows.div_ceil(most)).next_multiple_of(pair);
        let (height, tasks) = (even(cached), TASKS * mode.threads());
        if mode.threads() == 1 || rows.div_ceil(height) >= tasks {
            return (height, 1);
        }
        // Cutting A leaves each thread its own share of the pixels to split, cutting B its own share of the weights to read.
        let shorter = rows.div_ceil(tasks).next_multiple_of(pair);
        if shorter >= FEWEST_ROWS && rows >= self.b.n {
            return (shorter.min(height), 1);
        }
        (height, self.b.pairs().min(tasks))
    }

    /// # Safety
    /// Nobody else reads or writes these columns of the rows of `a`, which begin with row `first`, meanwhile.
    unsafe fn block<const PARTS: usize>(self, a: &Split, pairs: Range<usize>, first: usize, y: Output) {
        let Layout { stride, offset } = self.layout;
        let y = y.from(first * stride);
        let residual = self.epilogue.residual.map(|residual| &residual[first * stride..]);
        assert_eq!(a.rows.segments * a.rows.depth, self.b.k);
        assert!(a.rows.height <= self.b.unit.rows());
        assert!(pairs.end <= self.b.pairs() && offset + self.b.n <= stride && a.rows.rows * stride <= y.length);
        assert!(residual.is_none_or(|residual| a.rows.rows * stride <= residual.len()));
        let activation = if a.steps.end == self.b.steps() { self.epilogue.activation } else { Activation::NONE };
        let job = Job { epilogue: Epilogue { residual, activation, ..self.epilogue }, ..self };
        // SAFETY: there is this unit, so AMX has products of bfloat16.
        let _tiles = (self.b.unit == Unit::Tiles).then(|| unsafe { Tiles::new() });
        let mut sums = Sums([0.0; HEIGHT * WIDTH]);
        let mut groups = Groups::new(self.b, pairs.clone(), a.steps.clone());
        for start in pairs.clone().step_by(groups.size) {
            let all: Vec<Columns> = groups.group(start).map(|pair| job.columns(a, groups.pair(pair))).collect();
            for index in 0..a.pairs() {
                for columns in &all {
                    // SAFETY: rows and columns lie in y and residual by the asserts above; the rest is the caller's promise.
                    unsafe { job.multiply::<PARTS>(a, index, columns, &mut sums, y) };
                }
            }
            groups.turn();
        }
        // SAFETY: the columns that were written above.
        unsafe { finish_rows(y, a.rows.rows, self.layout, pairs.start * WIDTH..self.b.n.min(pairs.end * WIDTH), activation) };
    }

    fn columns(&self, a: &Split, pair: Pair) -> Columns {
        let (first, count) = (pair.index * WIDTH, WIDTH.min(self.b.n - pair.index * WIDTH));
        let mut bias = [0.0; WIDTH];
        // Bias and residual go into the first partial sum, the activation comes after the last.
        if let (Some(values), 0) = (self.epilogue.bias, a.steps.start) {
            bias[..count].copy_from_slice(&values[first..first + count]);
        }
        Columns { pair, first, count, bias }
    }

    /// # Safety
    /// `Tiles` are configured where they multiply; the rows of `a` and the columns lie in y, and in the residual, and nobody else reads or writes them
    /// meanwhile.
    unsafe fn multiply<const PARTS: usize>(&self, a: &Split, index: usize, columns: &Columns, sums: &mut Sums, y: Output) {
        let Columns { pair, first, count, bias } = columns;
        let (low, high) = self.epilogue.activation.clamp();
        let is_first = a.steps.start == 0;
        let end_of = |row: usize| {
            let at = row * self.layout.stride + self.layout.offset + first;
            let residual = self.epilogue.residual.filter(|_| is_first).map_or(std::ptr::null(), |residual| residual[at..].as_ptr());
            End { bias, low, high, y: y.data.wrapping_add(at), residual, stride: self.layout.stride, accumulate: !is_first }
        };
        let tiles = 2 * index..a.rows.tiles().min(2 * index + 2);
        let ((from, a_step), steps) = (a.pair(index), a.steps.len());
        // SAFETY: both sides have as many steps; rows and columns, and what is configured, are the caller's promise.
        unsafe {
            let rows = [tiles.start, tiles.start + 1].map(|tile| if tile < tiles.end { a.rows.tile(tile).len() } else { 0 });
            if y.is_large {
                end_of(a.rows.tile(tiles.start).start).fetch(rows[0] + rows[1]);
            }
            let sides =
                Sides { a: from, a_step, b: pair.b, b_step: pair.b_step, steps, meanwhile: pair.meanwhile::<PARTS>(index, a.pairs()) };
            match self.b.unit {
                Unit::Tiles => tile_amx::sum::<PARTS>(&sides, sums),
                Unit::Vectors => tile_vectors::sum::<PARTS>(&sides, rows, sums),
            }
            a.replace_beyond(tiles.clone(), self.b, pair.index, sums);
            for (tile, sums) in tiles.zip(sums.0.chunks_exact(ROWS * WIDTH)) {
                let rows = a.rows.tile(tile);
                end_of(rows.start).write(&sums[..rows.len() * WIDTH], *count);
            }
        }
    }
}

//! Products of bytes with bytes by VNNI's `dpbusd`, which adds four of them at once.
//!
//! x lies in bytes from its least number on, b = x - least. Σ (x - zero) · w = Σ b · w - (zero - least) · Σ w, modulo 2^32 as
//! all sums are.

use super::dots_rows::Rows;
use super::dots_tile::{Columns, Finish, Instructions, TILE_ROWS, Tile};
use super::finish::unit;
use super::tile::COLUMNS;
use super::{BytePanels, PackedIntegers};
use crate::program::IntegerProduct;
use crate::threads::Mode;
use std::ops::Range;

/// Bytes of x that one block of rows may touch: they stay in the second cache level.
const BLOCK_BYTES: usize = 256 * 1024;
/// Weights that all tiles go over before the next are taken: they stay in the second cache level, and the rows of a tile in
/// the first.
pub const GROUP_BYTES: usize = 256 * 1024;
/// Parts of a product for each thread: enough that one which is disturbed leaves work to the others.
const PARTS: usize = 4;

/// The columns of a tile and their panels.
struct Part {
    panels: [*const u8; 2],
    columns: Columns,
}

/// Where y is written by several threads.
#[derive(Clone, Copy)]
pub struct Output(*mut u8);
// SAFETY: a pointer without an owner; each task writes its own rows and columns.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    pub fn new(y: &mut [u8]) -> Self {
        Output(y.as_mut_ptr())
    }

    pub fn at(self, offset: usize) -> *mut u8 {
        self.0.wrapping_add(offset)
    }
}

/// What all tasks of a product share.
struct Work<'a> {
    op: &'a IntegerProduct,
    packed: &'a PackedIntegers,
    groups: &'a [BytePanels],
    rows: Rows<'a>,
    /// The byte that stands for 0 in each item.
    zero: &'a (dyn Fn(usize) -> i32 + Sync),
    finish: Finish,
    /// The numbers of `op.addition`.
    other: &'a [u8],
    instructions: Instructions,
}

pub fn product(
    mode: Mode,
    op: &IntegerProduct,
    packed: &PackedIntegers,
    groups: &[BytePanels],
    x: &[u8],
    least: i32,
    zero_points: Option<&[f32]>,
    other: &[u8],
    y: &mut [u8],
) {
    let Some(instructions) = Instructions::detect() else { unreachable!("weights are packed as bytes where they are multiplied") };
    product_with(instructions, mode, op, packed, groups, x, least, zero_points, other, y);
}

fn product_with(
    instructions: Instructions,
    mode: Mode,
    op: &IntegerProduct,
    packed: &PackedIntegers,
    groups: &[BytePanels],
    x: &[u8],
    least: i32,
    zero_points: Option<&[f32]>,
    other: &[u8],
    y: &mut [u8],
) {
    assert!(op.addition.is_none() || other.len() == y.len() && instructions == Instructions::Avx512);
    let pixels = op.output.height * op.output.width;
    let count = y.len() / (op.output.channels * unit(op));
    assert!(x.len() == count / pixels * op.input.size() && zero_points.is_none_or(|of| of.len() == count / pixels));
    let zero = |item: usize| op.zero_point - least + zero_points.map_or(0, |of| of[item] as i32);
    let rows = Rows::new(mode, op, packed, x, |item| zero(item) as u8);
    let work = Work { op, packed, groups, rows, zero: &zero, finish: Finish::of(op, packed), other, instructions };
    // Rows of one zero point lie together.
    let stretch = if zero_points.is_some() { pixels } else { count };
    let panels = groups[0].panels();
    let (height, across) =
        blocks(mode, [count / stretch, stretch], work.rows.touched(), panels, [instructions.rows(), instructions.panels()]);
    let (down, y) = (stretch.div_ceil(height), Output::new(y));
    let over = panels.div_ceil(across);
    mode.tasks(count / stretch * down * over, |task| {
        let (block, part) = (task / over, task % over);
        let begin = block / down * stretch;
        let first = begin + block % down * height;
        let range = first..(begin + stretch).min(first + height);
        for group in 0..groups.len() {
            work.block(range.clone(), group, part * across..panels.min((part + 1) * across), y);
        }
    });
}

/// Rows and panels of a task, of which each of `runs` runs of rows has its own. A row touches so many bytes of x; a tile has `tile`
/// rows by `wide` panels.
pub fn blocks(mode: Mode, [runs, rows]: [usize; 2], touched: usize, panels: usize, [tile, wide]: [usize; 2]) -> (usize, usize) {
    let cached = (BLOCK_BYTES / touched).clamp(tile, 40 * tile) / tile * tile;
    let height = rows.div_ceil(rows.div_ceil(cached)).next_multiple_of(tile);
    let tasks = match mode {
        Mode::Sequential => return (height, panels),
        Mode::Parallel(team) => (PARTS * team.threads()).div_ceil(runs),
    };
    let down = rows.div_ceil(height);
    if down >= tasks {
        return (height, panels);
    }
    // Cutting the weights leaves each thread its own share of them to read; cutting x its own share of the pixels.
    if panels * COLUMNS >= runs * rows {
        return (height, wide * panels.div_ceil(wide).div_ceil(tasks.div_ceil(down)).max(1));
    }
    (rows.div_ceil(tasks).next_multiple_of(tile).min(height), panels)
}

impl Work<'_> {
    fn block(&self, rows: Range<usize>, group: usize, panels: Range<usize>, y: Output) {
        let built = &self.groups[group];
        let zero = (self.zero)(rows.start / (self.op.output.height * self.op.output.width));
        let count = rows.len().div_ceil(self.instructions.rows());
        let tile_of = |tile: usize| rows.start + tile * rows.len() / count..rows.start + (tile + 1) * rows.len() / count;
        let tiles: Vec<_> = (0..count).map(tile_of).collect();
        let pointers = self.rows.pointers(rows.clone(), group, zero as u8, &tiles);
        let wide = self.instructions.panels();
        let group_panels = (GROUP_BYTES / (COLUMNS * built.width())).max(1).next_multiple_of(wide);
        for start in panels.clone().step_by(group_panels) {
            let pairs = (start..panels.end.min(start + group_panels)).step_by(wide);
            let parts: Vec<Part> = pairs.map(|panel| self.part(built, panel..(panel + wide).min(panels.end), group, zero)).collect();
            for (tile, pointers) in tiles.iter().zip(pointers.all.chunks_exact(self.rows.segments * TILE_ROWS)) {
                for part in &parts {
                    // SAFETY: rows and columns lie in y, whose length `product` took them from, and no other task has them.
                    unsafe { self.tile(tile.clone(), pointers, part, y) };
                }
            }
        }
    }

    /// # Safety
    /// `pointers` are those of the tile; its rows and the columns of the part lie in y, and nobody else writes them.
    unsafe fn tile(&self, rows: Range<usize>, pointers: &[*const u8], part: &Part, y: Output) {
        let (outputs, unit) = (self.op.output.channels, unit(self.op));
        let first = rows.start * outputs + part.columns.first;
        let tile = Tile {
            pointers,
            quads: self.rows.quads,
            columns: &part.columns,
            panels: part.panels,
            finish: &self.finish,
            y: y.at(first * unit),
            other: if self.other.is_empty() { std::ptr::null() } else { self.other[first..].as_ptr() },
            stride: outputs * unit,
        };
        // SAFETY: `detect` found the instructions; `Rows` gives bytes of x or of what it holds, as many as a segment has.
        unsafe { self.instructions.run(&tile, rows.len()) }
    }

    fn part(&self, built: &BytePanels, panels: Range<usize>, group: usize, zero: i32) -> Part {
        let filters = self.op.output.channels / self.op.groups;
        let first = group * filters + panels.start * COLUMNS;
        let count = (panels.end * COLUMNS).min(filters) - panels.start * COLUMNS;
        let columns = Columns::new(self.packed, first, count, built.sums(panels.start), zero);
        Part { panels: [built.panel(panels.start).as_ptr(), built.panel(panels.end - 1).as_ptr()], columns }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Weights;
    use super::super::tile::has_vnni;
    use super::*;
    use crate::plan::PlanRequantize;
    use crate::program::{Extent, Form, Window};
    use crate::stored::{ReadBuffers, Weight};

    /// Layers whose taps are read in place and gathered ones, rounded by one factor and by two, in bytes and in floats.
    #[test]
    fn both_instruction_sets_give_the_same_numbers() {
        let has_both = std::arch::is_x86_feature_detected!("avxvnni") && has_vnni();
        if !has_both {
            return; // One of them does not run here.
        }
        for (kernel, side, channels, outputs, groups) in [(1usize, 1, 32, 21, 1), (3, 7, 3, 18, 1), (3, 6, 8, 70, 2), (5, 9, 4, 33, 1)] {
            let inner = kernel * kernel * channels / groups;
            let words = inner.div_ceil(4);
            let weights: Vec<f32> = (0..outputs * words).map(|at| f32::from_bits((at as u32).wrapping_mul(2_654_435_761))).collect();
            let scale: Vec<f32> = (0..outputs).map(|at| 0.001 + at as f32 / 40_000.0).collect();
            let extent = |channels: usize| Extent { height: side, width: side, channels };
            let window = Window { kernel: [kernel; 2], strides: [1, 1], dilations: [1, 1], top: kernel / 2, left: kernel / 2 };
            let to_bytes = Form::Bytes { least: 0 };
            for (to, divisor, rounds) in [(Form::Floats, None, false), (to_bytes, None, true), (to_bytes, Some(0.7), true)] {
                let requantize = rounds.then_some(PlanRequantize { zero_point: 120.0, min: 0.0, max: 255.0 });
                let (input, output, from) = (extent(channels), extent(outputs), Form::Bytes { least: 0 });
                let op = IntegerProduct {
                    x: 0,
                    zero_point: 77,
                    item_zero_point: None,
                    weight: 0,
                    weight_bits: 8,
                    bias: None,
                    scale: Some(1),
                    divisor,
                    requantize,
                    addition: None,
                    input,
                    output,
                    window,
                    groups,
                    from,
                    to,
                };
                let packed = PackedIntegers::new(&op, &[Weight::plain(&weights), Weight::plain(&scale)], &ReadBuffers::default())
                    .unwrap_or_else(|cause| panic!("{cause:?}"));
                let Weights::Bytes(panels) = &packed.weights else { panic!("expected panels of bytes") };
                let items = 3;
                let x: Vec<u8> = (0..items * input.size()).map(|at| (at * 97 % 256) as u8).collect();
                let [a, b] = [Instructions::Avx512, Instructions::Avx2].map(|instructions| {
                    let mut y = vec![0; items * output.size() * unit(&op)];
                    product_with(instructions, Mode::Sequential, &op, &packed, panels, &x, 0, None, &[], &mut y);
                    y
                });
                assert!(a == b && a.iter().any(|&y| y != a[0]), "{kernel}x{kernel}, {channels} channels, divisor {divisor:?}");
            }
        }
    }
}

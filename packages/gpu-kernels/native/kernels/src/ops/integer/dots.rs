//! Products of bytes with bytes by VNNI's `dpbusd`, which adds four of them at once.
//!
//! x lies in bytes from its least number on, b = x - least. Σ (x - zero) · w = Σ b · w - (zero - least) · Σ w, modulo 2^32 as
//! all sums are. A row of patches is read where it lies, by a pointer for each tap; where a tap has no whole quads of
//! channels, patches are gathered first.

use super::finish::unit;
use super::tile::{COLUMNS, has_vnni};
use super::{BytePanels, PackedIntegers, Place, dots_avx2, dots_avx512};
use crate::program::{Form, IntegerProduct};
use crate::threads::Mode;
use std::ops::Range;

/// Rows of the largest tile.
pub const TILE_ROWS: usize = 14;
/// Columns of the widest tile.
pub const WIDEST: usize = 2 * COLUMNS;
/// Bytes of x that one block of rows may touch: they stay in the second cache level.
const BLOCK_BYTES: usize = 256 * 1024;
/// Weights that all tiles go over before the next are taken: they stay in the second cache level, and the rows of a tile in
/// the first.
const GROUP_BYTES: usize = 256 * 1024;
/// Parts of a product for each thread: enough that one which is disturbed leaves work to the others.
const PARTS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// AVX-512 with VNNI.
    Avx512,
    /// AVX-VNNI.
    Avx2,
}

impl Instructions {
    pub fn detect() -> Option<Self> {
        use std::arch::is_x86_feature_detected as has;
        if has_vnni() {
            return Some(Instructions::Avx512);
        }
        (has!("avx2") && has!("avxvnni")).then_some(Instructions::Avx2)
    }

    fn rows(self) -> usize {
        if self == Instructions::Avx512 { TILE_ROWS } else { 6 }
    }

    fn panels(self) -> usize {
        if self == Instructions::Avx512 { 2 } else { 1 }
    }
}

/// How sums become numbers.
#[derive(Clone, Copy)]
pub struct Finish {
    /// What the sum of each column begins with.
    pub start: [i32; WIDEST],
    pub scale: [f32; WIDEST],
    /// Zero point, least and greatest number.
    pub requantize: Option<[f32; 3]>,
    /// What is divided by before rounding.
    pub divisor: Option<f32>,
    /// Of bytes, `None` for floats.
    pub least: Option<i32>,
}

/// For each segment `pointers` has `TILE_ROWS` pointers, of which the first rows of the tile point to `4 * quads` bytes each.
/// Each panel that `columns` needs has `64 * quads` bytes a segment. Each row of y, `stride` bytes apart, has `columns`
/// numbers, which nobody else reads or writes meanwhile.
pub struct Tile<'a> {
    pub pointers: &'a [*const u8],
    pub quads: usize,
    /// The second is the first again where `columns` needs one.
    pub panels: [*const i8; 2],
    pub columns: usize,
    pub finish: &'a Finish,
    pub y: *mut u8,
    pub stride: usize,
}

/// Columns that a tile makes.
struct Part {
    first: usize,
    columns: usize,
    panels: [*const i8; 2],
    finish: Finish,
}

/// Where y is written by several threads.
#[derive(Clone, Copy)]
struct Output(*mut u8);
// SAFETY: a pointer without an owner; each task writes its own rows and columns.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    fn at(self, offset: usize) -> *mut u8 {
        self.0.wrapping_add(offset)
    }
}

/// What all tasks of a product share.
struct Work<'a> {
    op: &'a IntegerProduct,
    packed: &'a PackedIntegers,
    groups: &'a [BytePanels],
    x: &'a [u8],
    least: i32,
    zero_points: Option<&'a [f32]>,
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
    y: &mut [u8],
) {
    let Some(instructions) = Instructions::detect() else { unreachable!("weights are packed as bytes where they are multiplied") };
    product_with(instructions, mode, op, packed, groups, x, least, zero_points, y);
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
    y: &mut [u8],
) {
    let work = Work { op, packed, groups, x, least, zero_points, instructions };
    let pixels = op.output.height * op.output.width;
    let rows = y.len() / (op.output.channels * unit(op));
    assert!(x.len() == rows / pixels * op.input.size() && zero_points.is_none_or(|of| of.len() == rows / pixels));
    // Rows of one zero point lie together.
    let stretch = if zero_points.is_some() { pixels } else { rows };
    let (height, across) = work.blocks(mode, stretch);
    let panels = groups[0].panels();
    let (down, y) = (stretch.div_ceil(height), Output(y.as_mut_ptr()));
    let over = panels.div_ceil(across);
    mode.tasks(rows / stretch * down * over, |task| {
        let (block, part) = (task / over, task % over);
        let begin = block / down * stretch;
        let first = begin + block % down * height;
        let range = first..(begin + stretch).min(first + height);
        for group in 0..groups.len() {
            work.block(range.clone(), group, part * across..panels.min((part + 1) * across), y);
        }
    });
}

impl Work<'_> {
    fn depth(&self) -> usize {
        self.op.input.channels / self.op.groups
    }

    /// Whether patches are read where they lie.
    fn is_in_place(&self) -> bool {
        self.depth().is_multiple_of(4)
    }

    /// Rows and panels of a task.
    fn blocks(&self, mode: Mode, rows: usize) -> (usize, usize) {
        let (tile, wide) = (self.instructions.rows(), self.instructions.panels());
        let touched = if self.is_in_place() { self.depth() * self.packed.taps.len().min(2) } else { self.groups[0].width() };
        let cached = (BLOCK_BYTES / touched).clamp(tile, 40 * tile) / tile * tile;
        let height = rows.div_ceil(rows.div_ceil(cached)).next_multiple_of(tile);
        let panels = self.groups[0].panels();
        let tasks = match mode {
            Mode::Sequential => return (height, panels),
            Mode::Parallel(team) => PARTS * team.threads(),
        };
        let down = rows.div_ceil(height);
        if down >= tasks {
            return (height, panels);
        }
        // Cutting the weights leaves each thread its own share of them to read; cutting x its own share of the pixels.
        if panels * COLUMNS >= rows {
            return (height, wide * panels.div_ceil(wide).div_ceil(tasks.div_ceil(down)).max(1));
        }
        (rows.div_ceil(tasks).next_multiple_of(tile).min(height), panels)
    }

    /// The byte that stands for 0 in an item.
    fn zero(&self, item: usize) -> i32 {
        self.op.zero_point - self.least + self.zero_points.map_or(0, |of| of[item] as i32)
    }

    fn block(&self, rows: Range<usize>, group: usize, panels: Range<usize>, y: Output) {
        let op = self.op;
        let built = &self.groups[group];
        let zero = self.zero(rows.start / (op.output.height * op.output.width));
        let padding = vec![zero as u8; self.depth()];
        let mut gathered = Vec::new();
        let (segments, quads) = if self.is_in_place() { (self.packed.taps.len(), self.depth() / 4) } else { (1, built.width() / 4) };
        if !self.is_in_place() {
            gathered = self.gather(rows.clone(), group, zero as u8);
        }
        let tiles = rows.len().div_ceil(self.instructions.rows());
        let tile_of = |tile: usize| rows.start + tile * rows.len() / tiles..rows.start + (tile + 1) * rows.len() / tiles;
        let mut pointers = vec![padding.as_ptr(); tiles * segments * TILE_ROWS];
        for tile in 0..tiles {
            for (slot, row) in tile_of(tile).enumerate() {
                let slots = pointers[tile * segments * TILE_ROWS..].iter_mut().skip(slot).step_by(TILE_ROWS).take(segments);
                if gathered.is_empty() {
                    self.point(row, group, slots);
                } else {
                    slots.for_each(|pointer| *pointer = gathered[(row - rows.start) * built.width()..][..built.width()].as_ptr());
                }
            }
        }
        let (outputs, unit) = (op.output.channels, unit(op));
        let wide = self.instructions.panels();
        let group_panels = (GROUP_BYTES / (COLUMNS * built.width())).max(1).next_multiple_of(wide);
        for start in panels.clone().step_by(group_panels) {
            let pairs = (start..panels.end.min(start + group_panels)).step_by(wide);
            let parts: Vec<Part> = pairs.map(|panel| self.part(built, panel..(panel + wide).min(panels.end), group, zero)).collect();
            for tile in 0..tiles {
                let range = tile_of(tile);
                let pointers = &pointers[tile * segments * TILE_ROWS..][..segments * TILE_ROWS];
                for part in &parts {
                    let y = y.at((range.start * outputs + part.first) * unit);
                    let tile = Tile {
                        pointers,
                        quads,
                        panels: part.panels,
                        columns: part.columns,
                        finish: &part.finish,
                        y,
                        stride: outputs * unit,
                    };
                    // SAFETY: `detect` found the instructions. `point` and `gather` give bytes of x, `padding` or `gathered`,
                    // which outlive the call; rows and columns lie in y, whose length `product` took them from, and no other
                    // task has them.
                    unsafe {
                        match self.instructions {
                            Instructions::Avx512 => dots_avx512::run(&tile, range.len()),
                            Instructions::Avx2 => dots_avx2::run(&tile, range.len()),
                        }
                    }
                }
            }
        }
    }

    fn part(&self, built: &BytePanels, panels: Range<usize>, group: usize, zero: i32) -> Part {
        let filters = self.op.output.channels / self.op.groups;
        let first = group * filters + panels.start * COLUMNS;
        let columns = (panels.end * COLUMNS).min(filters) - panels.start * COLUMNS;
        let pointers = [built.panel(panels.start).as_ptr(), built.panel(panels.end - 1).as_ptr()];
        Part { first, columns, panels: pointers, finish: self.finish(built, panels, first, columns, zero) }
    }

    fn finish(&self, built: &BytePanels, panels: Range<usize>, first: usize, columns: usize, zero: i32) -> Finish {
        let (mut start, mut scale) = ([0; WIDEST], [0.0; WIDEST]);
        scale[..columns].copy_from_slice(&self.packed.scale[first..first + columns]);
        let sums = panels.flat_map(|panel| built.sums(panel));
        for ((start, &sum), bias) in start.iter_mut().zip(sums).zip(&self.packed.bias[first..first + columns]) {
            *start = bias.wrapping_sub(sum.wrapping_mul(zero));
        }
        let least = match self.op.to {
            Form::Floats => None,
            Form::Bytes { least } => Some(least),
        };
        let divisor = self.op.divisor;
        Finish { start, scale, divisor, requantize: self.op.requantize.map(|to| [to.zero_point, to.min, to.max]), least }
    }

    /// Sets the pointers of a row to what lies under its taps; those of the padding stay.
    fn point<'p>(&self, row: usize, group: usize, slots: impl Iterator<Item = &'p mut *const u8>) {
        let (place, depth) = (Place::of(self.op, row), self.depth());
        let image = &self.x[place.item * self.op.input.size() + group * depth..];
        for (slot, &tap) in slots.zip(&self.packed.taps) {
            if let Some(at) = place.under(self.op, tap) {
                *slot = image[at..][..depth].as_ptr();
            }
        }
    }

    /// Patches side by side, in rows of whole quads.
    fn gather(&self, rows: Range<usize>, group: usize, padding: u8) -> Vec<u8> {
        let (op, depth, width) = (self.op, self.depth(), self.groups[group].width());
        let line = op.window.kernel[1] * depth;
        let beside = op.groups == 1 && op.window.dilations[1] == 1;
        let mut gathered = vec![0; rows.len() * width];
        for (patch, row) in gathered.chunks_exact_mut(width).zip(rows) {
            let place = Place::of(op, row);
            let image = &self.x[place.item * op.input.size()..][..op.input.size()];
            let at = |tap| place.under(op, tap);
            for (taps, to) in self.packed.taps.chunks_exact(op.window.kernel[1]).zip(patch.chunks_exact_mut(line)) {
                // Taps side by side in one row of the image, none in the padding, are one copy.
                if let (true, Some(first), Some(_)) = (beside, at(taps[0]), taps.last().and_then(|&tap| at(tap))) {
                    to.copy_from_slice(&image[first..][..line]);
                    continue;
                }
                for (&tap, to) in taps.iter().zip(to.chunks_exact_mut(depth)) {
                    match at(tap) {
                        Some(at) => to.copy_from_slice(&image[at + group * depth..][..depth]),
                        None => to.fill(padding),
                    }
                }
            }
        }
        gathered
    }
}

#[cfg(test)]
mod tests {
    use super::super::Weights;
    use super::*;
    use crate::plan::PlanRequantize;
    use crate::program::{Extent, Window};
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
                    product_with(instructions, Mode::Sequential, &op, &packed, panels, &x, 0, None, &mut y);
                    y
                });
                assert!(a == b && a.iter().any(|&y| y != a[0]), "{kernel}x{kernel}, {channels} channels, divisor {divisor:?}");
            }
        }
    }
}

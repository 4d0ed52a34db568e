//! Products of bytes with bytes on AMX, whose instruction multiplies 16 rows of 64 bytes by as many of 16 columns: eight times
//! what VNNI does meanwhile, with the same exact sums. As in `dots`, x lies in bytes from its least number on.

use super::PackedIntegers;
use super::dots::{GROUP_BYTES, Output, blocks};
use super::dots_amx::{Square, Sums, products, store};
use super::dots_tile::{Columns, Finish};
use super::ending_avx512::{Ending, To};
use super::finish::unit;
use super::planes::{Layout, Planes, SQUARE, is_mostly_padding, segment};
use super::tile::{COLUMNS, has_vnni};
use super::tile_panels::TilePanels;
use crate::amx::{ROW_BYTES, ROWS, Tiles, products as products_of};
use crate::error::Result;
use crate::program::{Form, IntegerProduct};
use crate::threads::Mode;
use std::ops::Range;

/// How many products AMX makes while VNNI makes one, with what surrounds them; without it is eight.
const ADVANTAGE: usize = 4;

/// Whether AMX is the faster: registers are filled with rows and with bytes that count. This depends on the layer and the
/// processor alone.
pub fn suits(op: &IntegerProduct) -> bool {
    if !products_of().int8 || !has_vnni() || op.weight_bits != 8 || op.from == Form::Floats || is_mostly_padding(op) {
        return false;
    }
    let layout = Layout::of(op);
    let rows = layout.rows(op).next_multiple_of(ROWS);
    let inner = op.window.kernel[0] * op.window.kernel[1] * (op.input.channels / op.groups);
    let needed = op.output.height * op.output.width * inner;
    layout.is_small(op) && rows * layout.offsets.len() * ROW_BYTES <= ADVANTAGE * needed
}

/// `at` has all output channels, those of a group side by side.
pub fn pack(op: &IntegerProduct, filters: usize, inner: usize, at: impl Fn(usize, usize) -> i16) -> Result<Vec<TilePanels>> {
    let group = |group: usize| TilePanels::new(filters, inner, segment(op), |column, index| at(group * filters + column, index));
    (0..op.groups).map(group).collect()
}

/// A pair of panels, or a single one.
struct Part<'a> {
    b: &'a [u8],
    columns: Columns,
}

/// What all tasks of a product share.
struct Work<'a> {
    op: &'a IntegerProduct,
    packed: &'a PackedIntegers,
    groups: &'a [TilePanels],
    planes: Planes<'a>,
    /// The byte that stands for 0 in each item.
    zero: &'a (dyn Fn(usize) -> i32 + Sync),
    finish: Finish,
    /// The numbers of `op.addition`.
    other: &'a [u8],
    y: Output,
    /// Items whose rows are one run, and rows of it from a line to the next, of which the first are of y.
    together: usize,
    line: usize,
    kept: usize,
}

/// x begins with `least`; `zero_points` are those of `op.item_zero_point`.
pub fn product(
    mode: Mode,
    op: &IntegerProduct,
    packed: &PackedIntegers,
    groups: &[TilePanels],
    x: &[u8],
    least: i32,
    zero_points: Option<&[f32]>,
    other: &[u8],
    y: &mut [u8],
) {
    assert!(op.addition.is_none() || other.len() == y.len());
    let pixels = op.output.height * op.output.width;
    let items = y.len() / (op.output.channels * unit(op)) / pixels;
    assert!(x.len() == items * op.input.size() && zero_points.is_none_or(|of| of.len() == items));
    let zero = |item: usize| op.zero_point - least + zero_points.map_or(0, |of| of[item] as i32);
    let planes = Planes::new(mode, op, x, |item| zero(item) as u8);
    let is_flat = planes.layout.is_flat(op);
    // Rows of one zero point lie together.
    let together = if is_flat && zero_points.is_none() { items } else { 1 };
    let rows = if is_flat { together * pixels } else { planes.layout.rows(op) };
    let [line, kept] = if is_flat { [rows; 2] } else { [planes.layout.line, op.output.width] };
    let (finish, y) = (Finish::of(op, packed), Output::new(y));
    let work = Work { op, packed, groups, planes, zero: &zero, finish, other, y, together, line, kept };
    let runs = items / together;
    let panels = groups[0].panels();
    let (height, across) = blocks(mode, [runs, rows], work.planes.layout.pitch, panels, [SQUARE, 2]);
    let (down, over) = (rows.div_ceil(height), panels.div_ceil(across));
    mode.tasks(runs * down * over, |task| {
        let (block, part) = (task / over, task % over);
        let first = block % down * height;
        for group in 0..groups.len() {
            let columns = part * across..panels.min((part + 1) * across);
            // SAFETY: weights are packed for this where `suits` found the instructions; no other task has these rows and columns.
            unsafe { work.block(block / down, first..rows.min(first + height), group, columns) };
        }
    });
}

impl Work<'_> {
    /// # Safety
    /// The CPU has AMX with products of bytes and AVX-512 F, BW, DQ and VL; nobody else has these rows and columns of y.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn block(&self, run: usize, rows: Range<usize>, group: usize, panels: Range<usize>) {
        let built = &self.groups[group];
        let within = group * (self.op.input.channels / self.op.groups);
        let ending = Ending::new(&self.finish);
        let (mut sums, mut spare) = (Sums::new(), Vec::new());
        // SAFETY: by the contract there is AMX.
        let _tiles = unsafe { Tiles::new() };
        let many = (GROUP_BYTES / built.panel_bytes()).next_multiple_of(2).max(2);
        for start in panels.clone().step_by(many) {
            let pairs = (start..panels.end.min(start + many)).step_by(2);
            let parts: Vec<Part> = pairs.map(|panel| self.part(built, panel, group, (self.zero)(run * self.together))).collect();
            for first in rows.clone().step_by(SQUARE) {
                let count = SQUARE.min(rows.end - first);
                let (a, pitch) = self.planes.square(run * self.together, first, within, count, &mut spare);
                for part in &parts {
                    let offsets = self.planes.layout.offsets.as_slice();
                    let square = Square { a, pitch, offsets, b: part.b.as_ptr(), start: part.columns.start.as_ptr() };
                    // SAFETY: `planes` gives rows with all offsets, `part` a register for each; y is this task's.
                    unsafe {
                        if part.columns.count > COLUMNS {
                            products::<2>(&square, count, &mut sums);
                            self.store(run, first..first + count, sums.rows::<2>(), &part.columns, &ending);
                        } else {
                            products::<1>(&square, count, &mut sums);
                            self.store(run, first..first + count, sums.rows::<1>(), &part.columns, &ending);
                        }
                    }
                }
            }
        }
    }

    /// Rows of a run to y, without those that lie between lines.
    ///
    /// # Safety
    /// As `block`; `sums` are those of the rows and columns.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn store<const V: usize>(
        &self,
        run: usize,
        rows: Range<usize>,
        sums: &[[[i32; COLUMNS]; V]],
        columns: &Columns,
        ending: &Ending,
    ) {
        let (outputs, unit) = (self.op.output.channels, unit(self.op));
        let above = run * self.together * self.op.output.height * self.op.output.width;
        let mut row = rows.start;
        while row < rows.end {
            let (line, column) = (row / self.line, row % self.line);
            let count = self.kept.saturating_sub(column).min(rows.end - row);
            if count > 0 {
                let first = (above + line * self.kept + column) * outputs + columns.first;
                let other = if self.other.is_empty() { std::ptr::null() } else { self.other[first..].as_ptr() };
                let to = To { columns: columns.count, y: self.y.at(first * unit), other, stride: outputs * unit };
                // SAFETY: the rows lie in y, whose length `product` took them from.
                unsafe { store(ending, &sums[row - rows.start..][..count], &columns.scale, to) };
            }
            row = (line + 1) * self.line;
        }
    }

    fn part<'b>(&self, built: &'b TilePanels, panel: usize, group: usize, zero: i32) -> Part<'b> {
        let filters = self.op.output.channels / self.op.groups;
        let count = (2 * COLUMNS).min(filters - panel * COLUMNS);
        let first = group * filters + panel * COLUMNS;
        Part { b: built.pair(panel), columns: Columns::new(self.packed, first, count, built.sums(panel), zero) }
    }
}

#[cfg(test)]
mod tests;

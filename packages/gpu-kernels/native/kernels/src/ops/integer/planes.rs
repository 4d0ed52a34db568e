//! x as registers of AMX take it: rows of patches equally far apart, so that one instruction loads 64 bytes of 16 of them.
//!
//! The rows of a 1x1 layer are the pixels of x. Else x is copied, line by line, with the padding between lines, where the end
//! of one and the beginning of the next share it: the window slides over all without meeting an edge, and the few rows that
//! begin near the end of a line are computed and left out. Lines that the window meets one after the other while it goes down
//! in strides of more than one lie in planes apart.

use super::place::{columns_under, mostly_padding};
use super::tile_panels::steps;
use crate::amx::{ROW_BYTES, ROWS};
use crate::ops::pointwise::{bytes, bytes_mut};
use crate::program::IntegerProduct;
use crate::scratch::Scratch;
use crate::threads::Mode;

/// Rows of a square: two registers.
pub const SQUARE: usize = 2 * ROWS;

/// How rows of patches lie.
pub struct Layout {
    /// Whether they are the pixels of x.
    is_x: bool,
    /// Bytes from a row to the next.
    pub pitch: usize,
    /// Rows from a line to the next.
    pub line: usize,
    /// Bytes from a line to the next.
    line_bytes: usize,
    /// Lines of a plane, and of an item.
    lines: usize,
    all_lines: usize,
    /// For each plane its first line of x with padding above it.
    phases: Vec<usize>,
    /// From a row to each of its steps of 64 bytes.
    pub offsets: Vec<usize>,
}

/// Whether the taps of a line of the window lie side by side.
fn is_whole_line(op: &IntegerProduct) -> bool {
    op.groups == 1 && op.window.dilations[1] == 1
}

/// Bytes of x side by side under a window: of a line of it, or else of a tap.
pub fn segment(op: &IntegerProduct) -> usize {
    op.input.channels / op.groups * if is_whole_line(op) { op.window.kernel[1] } else { 1 }
}

/// Whether windows go on over far more than x: a file may say so, and no network does.
pub fn is_mostly_padding(op: &IntegerProduct) -> bool {
    let down = (op.output.height - 1) * op.window.strides[0] + (op.window.kernel[0] - 1) * op.window.dilations[0] + 1;
    mostly_padding(op) || down > 2 * op.input.height + 64
}

impl Layout {
    /// Of what is not mostly padding.
    pub fn of(op: &IntegerProduct) -> Self {
        let (window, channels) = (&op.window, op.input.channels);
        let ([height, width], [down, right]) = (window.kernel, window.strides);
        let is_x =
            window.kernel == [1, 1] && window.strides == [1, 1] && [op.input.height, op.input.width] == [op.output.height, op.output.width];
        // Windows of one column need only the columns that they meet.
        let step = if width == 1 { 1 } else { right };
        let (under, left) = (columns_under(op), window.left);
        let columns = if width == 1 {
            op.output.width
        } else {
            (left + op.input.width.min(under - left.min(under))).max(under.saturating_sub(left)).max(op.output.width * step)
        };
        let line = columns.div_ceil(step);
        let line_bytes = line * step * channels;
        let mut phases: Vec<usize> = (0..height).map(|tap| tap * window.dilations[0] % down).collect();
        phases.sort_unstable();
        phases.dedup();
        let lines = op.output.height + (height - 1) * window.dilations[0] / down;
        // The last line ends in padding, too.
        let all_lines = phases.len() * lines + usize::from(width > 1 && left > 0);
        let mut offsets = Vec::new();
        for tap in (0..height).map(|tap| tap * window.dilations[0]) {
            let plane = phases.iter().position(|&phase| phase == tap % down).unwrap_or(0);
            let first = (plane * lines + tap / down) * line_bytes;
            let taps = if is_whole_line(op) { 1 } else { width };
            for tap in 0..taps {
                let segment_at = first + tap * window.dilations[1] * channels;
                offsets.extend((0..steps(segment(op))).map(|step| segment_at + step * ROW_BYTES));
            }
        }
        Layout { is_x, pitch: step * channels, line, line_bytes, lines, all_lines, phases, offsets }
    }

    /// Whether rows follow each other through lines and items with nothing between.
    pub fn is_flat(&self, op: &IntegerProduct) -> bool {
        self.line == op.output.width && self.all_lines == op.output.height
    }

    /// Rows of an item, those included that are left out.
    pub fn rows(&self, op: &IntegerProduct) -> usize {
        (op.output.height - 1) * self.line + op.output.width
    }

    /// Whether the copy takes not much more than x.
    pub fn is_small(&self, op: &IntegerProduct) -> bool {
        self.is_x || self.item_bytes() <= 2 * op.input.size() + 65_536
    }

    fn item_bytes(&self) -> usize {
        self.all_lines * self.line_bytes
    }
}

pub struct Planes<'a> {
    pub layout: Layout,
    x: &'a [u8],
    copy: Option<Scratch>,
}

impl<'a> Planes<'a> {
    /// `zero` is the byte that stands for 0 in an item.
    pub fn new(mode: Mode, op: &IntegerProduct, x: &'a [u8], zero: impl Fn(usize) -> u8 + Sync) -> Self {
        let layout = Layout::of(op);
        if layout.is_x {
            return Planes { layout, x, copy: None };
        }
        let items = x.len() / op.input.size();
        let (length, line) = (items * layout.item_bytes(), layout.line_bytes);
        // The last square goes on over rows that are not there.
        let mut copy = Scratch::take((length + SQUARE * layout.pitch + ROW_BYTES).div_ceil(4));
        let chunk = mode.chunk_length(length, line);
        mode.chunks(&mut bytes_mut(&mut copy)[..length], chunk, |index, lines| {
            for (at, to) in lines.chunks_exact_mut(line).enumerate() {
                let (item, number) = ((index * chunk / line + at) / layout.all_lines, (index * chunk / line + at) % layout.all_lines);
                layout.copy_line(op, &x[item * op.input.size()..][..op.input.size()], number, zero(item), to);
            }
        });
        Planes { layout, x, copy: Some(copy) }
    }

    /// Rows from `row` of an item on, with what begins `within` bytes after each. `count` of them are read, at most a square.
    /// Where a square would go on beyond x, they are copied to `spare`. Gives the first of them and the bytes to the next; all
    /// steps of all rows of a square may be loaded from there.
    pub fn square(&self, item: usize, row: usize, within: usize, count: usize, spare: &mut Vec<u8>) -> (*const u8, usize) {
        let layout = &self.layout;
        let all = self.copy.as_ref().map_or(self.x, |copy| bytes(copy));
        let pitch = layout.pitch;
        let rest = &all[item * layout.item_bytes() + row * pitch + within..];
        let last = layout.offsets.last().map_or(0, |last| last + ROW_BYTES);
        if (SQUARE - 1) * pitch + last <= rest.len() {
            return (rest.as_ptr(), pitch);
        }
        assert!(layout.is_x, "a copy goes on for a square");
        spare.resize(SQUARE * last, 0);
        for (row, to) in spare.chunks_exact_mut(last).take(count).enumerate() {
            let from = &rest[row * pitch..];
            let length = last.min(from.len());
            to[..length].copy_from_slice(&from[..length]);
        }
        (spare.as_ptr(), last)
    }
}

impl Layout {
    /// Line `number` of the copy of an image.
    fn copy_line(&self, op: &IntegerProduct, image: &[u8], number: usize, zero: u8, to: &mut [u8]) {
        let (channels, size) = (op.input.channels, op.input.width * op.input.channels);
        let Some(&phase) = self.phases.get(number / self.lines) else { return to.fill(zero) };
        let y = (number % self.lines * op.window.strides[0] + phase).wrapping_sub(op.window.top);
        if y >= op.input.height {
            return to.fill(zero);
        }
        let from = &image[y * size..][..size];
        if op.window.kernel[1] == 1 {
            for (column, to) in to.chunks_exact_mut(channels).enumerate() {
                let x = (column * op.window.strides[1]).wrapping_sub(op.window.left);
                match x < op.input.width {
                    true => to.copy_from_slice(&from[x * channels..][..channels]),
                    false => to.fill(zero),
                }
            }
            return;
        }
        let (left, rest) = to.split_at_mut(op.window.left * channels);
        let (middle, right) = rest.split_at_mut(size.min(rest.len()));
        left.fill(zero);
        middle.copy_from_slice(&from[..middle.len()]);
        right.fill(zero);
    }
}

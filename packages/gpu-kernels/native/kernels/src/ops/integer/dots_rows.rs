//! Where rows of patches lie, in segments of bytes side by side: a pointer for each.
//!
//! The channels under a tap are a segment where they are whole quads. Where not, as in a stem of three channels, those under a row
//! of the window are one, in a copy of x whose lines have the padding beside them; the quad that a segment ends in goes on over
//! bytes that meet weights of 0. What is grouped, dilated or mostly padding has its patches gathered into one segment.

use super::PackedIntegers;
use super::dots_tile::TILE_ROWS;
use super::place::{Place, columns_under, mostly_padding};
use crate::ops::pointwise::{bytes, bytes_mut};
use crate::program::IntegerProduct;
use crate::scratch::Scratch;
use crate::threads::Mode;
use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Taps,
    Lines,
    Gathered,
}

impl Kind {
    fn of(op: &IntegerProduct) -> Self {
        if depth(op).is_multiple_of(4) {
            Kind::Taps
        } else if op.groups == 1 && op.window.dilations[1] == 1 && !mostly_padding(op) {
            Kind::Lines
        } else {
            Kind::Gathered
        }
    }
}

/// Channels of a group.
fn depth(op: &IntegerProduct) -> usize {
    op.input.channels / op.groups
}

/// Bytes of a segment, before they are filled up to whole quads.
pub fn segment(op: &IntegerProduct) -> usize {
    let [kernel_height, kernel_width] = op.window.kernel;
    match Kind::of(op) {
        Kind::Taps => depth(op),
        Kind::Lines => kernel_width * depth(op),
        Kind::Gathered => kernel_height * kernel_width * depth(op),
    }
}

/// x, as rows of patches are read.
pub struct Rows<'a> {
    op: &'a IntegerProduct,
    packed: &'a PackedIntegers,
    kind: Kind,
    x: &'a [u8],
    /// x with the padding beside its lines.
    padded: Option<Scratch>,
    /// Bytes from a line of x to the next.
    line: usize,
    /// Segments of a row, and quads of a segment.
    pub segments: usize,
    pub quads: usize,
    /// Whether each row is the pixel of x of its own number.
    is_x: bool,
    /// From the first tap to each segment, where none lies in the padding.
    offsets: Vec<usize>,
}

/// Pointers for the tiles of a block of rows, and the bytes they point to besides those of x.
pub struct Pointers {
    pub all: Vec<*const u8>,
    _padding: Vec<u8>,
    _gathered: Vec<u8>,
}

impl<'a> Rows<'a> {
    /// `zero` is the byte that stands for 0 in an item.
    pub fn new(mode: Mode, op: &'a IntegerProduct, packed: &'a PackedIntegers, x: &'a [u8], zero: impl Fn(usize) -> u8 + Sync) -> Self {
        let (kind, segment) = (Kind::of(op), segment(op));
        let inner = packed.taps.len() * depth(op);
        let mut rows = Rows {
            op,
            packed,
            kind,
            x,
            padded: None,
            is_x: kind == Kind::Taps
                && op.window.kernel == [1, 1]
                && op.window.strides == [1, 1]
                && [op.input.height, op.input.width] == [op.output.height, op.output.width],
            line: op.input.width * op.input.channels,
            segments: inner / segment,
            quads: segment.div_ceil(4),
            offsets: Vec::new(),
        };
        if kind == Kind::Lines {
            rows.pad_lines(mode, zero);
        }
        let taps = packed.taps.iter().step_by(if kind == Kind::Lines { op.window.kernel[1] } else { 1 });
        rows.offsets = taps.map(|&(y, x)| y * rows.line + x * op.input.channels).collect();
        rows
    }

    /// Copies x into lines that begin and end with the padding.
    fn pad_lines(&mut self, mode: Mode, zero: impl Fn(usize) -> u8 + Sync) {
        let op = self.op;
        let (depth, from) = (op.input.channels, self.line);
        self.line = columns_under(op).max(op.window.left + op.input.width) * depth;
        let lines = self.x.len() / from;
        // A quad goes on for up to 3 bytes after the last line.
        let mut padded = Scratch::take((lines * self.line + 3).div_ceil(4));
        mode.chunks(&mut bytes_mut(&mut padded)[..lines * self.line], self.line, |index, line| {
            let zero = zero(index / op.input.height);
            let (left, rest) = line.split_at_mut(op.window.left * depth);
            let (middle, right) = rest.split_at_mut(from);
            left.fill(zero);
            middle.copy_from_slice(&self.x[index * from..][..from]);
            right.fill(zero);
        });
        self.padded = Some(padded);
    }

    /// Bytes that the rows of a tile touch for each row.
    pub fn touched(&self) -> usize {
        4 * self.quads * self.segments.min(2)
    }

    /// Pointers of the rows of tiles, which follow each other: for each segment `TILE_ROWS`, of which the first are set.
    pub fn pointers(&self, rows: Range<usize>, group: usize, zero: u8, tiles: &[Range<usize>]) -> Pointers {
        let padding = vec![zero; 4 * self.quads];
        let width = 4 * self.quads;
        let gathered = if self.kind == Kind::Gathered { self.gather(rows.clone(), group, zero) } else { Vec::new() };
        let mut all = vec![padding.as_ptr(); tiles.len() * self.segments * TILE_ROWS];
        let mut place = Place::of(self.op, rows.start);
        for (tile, pointers) in tiles.iter().zip(all.chunks_exact_mut(self.segments * TILE_ROWS)) {
            for (slot, row) in tile.clone().enumerate() {
                if self.is_x {
                    pointers[slot] = self.x[row * self.op.input.channels + group * width..][..width].as_ptr();
                } else if self.kind == Kind::Gathered {
                    pointers[slot] = gathered[(row - rows.start) * width..][..width].as_ptr();
                } else {
                    self.point(place, group, pointers[slot..].iter_mut().step_by(TILE_ROWS));
                    place.advance(self.op);
                }
            }
        }
        Pointers { all, _padding: padding, _gathered: gathered }
    }

    /// Sets the pointers of a row to its segments; those of segments in the padding stay.
    fn point<'p>(&self, place: Place, group: usize, slots: impl Iterator<Item = &'p mut *const u8>) {
        let (op, width) = (self.op, 4 * self.quads);
        let x = self.padded.as_ref().map_or(self.x, |padded| bytes(padded));
        let image = &x[place.item * op.input.height * self.line..];
        if self.kind == Kind::Lines {
            for ((slot, offset), taps) in slots.zip(&self.offsets).zip(self.packed.taps.chunks_exact(op.window.kernel[1])) {
                if (place.y + taps[0].0).wrapping_sub(op.window.top) < op.input.height {
                    let first = (place.y * self.line + offset).wrapping_sub(op.window.top * self.line);
                    *slot = image[first + place.x * op.input.channels..][..width].as_ptr();
                }
            }
            return;
        }
        let (Some(&last), Some(&end)) = (self.packed.taps.last(), self.offsets.last()) else { return };
        if let (Some(first), Some(_)) = (place.under(op, (0, 0)), place.under(op, last)) {
            let patch = &image[first + group * width..][..end + width];
            for (slot, &offset) in slots.zip(&self.offsets) {
                *slot = patch[offset..].as_ptr();
            }
            return;
        }
        for (slot, &tap) in slots.zip(&self.packed.taps) {
            if let Some(at) = place.under(op, tap) {
                *slot = image[at + group * width..][..width].as_ptr();
            }
        }
    }

    /// Patches side by side, in rows of whole quads.
    fn gather(&self, rows: Range<usize>, group: usize, padding: u8) -> Vec<u8> {
        let (op, depth, width) = (self.op, depth(self.op), 4 * self.quads);
        let mut gathered = vec![0; rows.len() * width];
        for (patch, row) in gathered.chunks_exact_mut(width).zip(rows) {
            let place = Place::of(op, row);
            let image = &self.x[place.item * op.input.size()..][..op.input.size()];
            for (&tap, to) in self.packed.taps.iter().zip(patch.chunks_exact_mut(depth)) {
                match place.under(op, tap) {
                    Some(at) => to.copy_from_slice(&image[at + group * depth..][..depth]),
                    None => to.fill(padding),
                }
            }
        }
        gathered
    }
}

//! Pairs of panels of B: where their parts lie, and what is made ready while rows are multiplied with them.

use super::apart::{EXACT, split_panels};
use super::parts::Parts;
use super::tile::Meanwhile;
use crate::amx::TILE_BYTES;
use crate::scratch::Scratch;
use std::ops::Range;
use std::ptr::null_mut;

/// Bytes of B that all rows of a block go over before the next are taken: they stay in the second-level cache, and as much of each row
/// of y as they have columns is written at once.
const GROUP_BYTES: usize = 384 * 1024;

/// Some steps of the pairs of a block, a group after the other. Where B is kept in floats, the parts of one group lie in one room,
/// and those of the next come to the other meanwhile.
pub struct Groups<'a> {
    b: &'a Parts,
    pairs: Range<usize>,
    steps: Range<usize>,
    /// The room that is read, and the one that is filled.
    rooms: [*mut u8; 2],
    _scratch: [Scratch; 2],
    /// Pairs of a group.
    pub size: usize,
}

/// A pair to multiply with.
#[derive(Clone, Copy)]
pub struct Pair {
    pub index: usize,
    pub b: [*const u8; 2],
    pub b_step: usize,
    steps: usize,
    next: Next,
}

/// What takes the place of a pair in the next group.
#[derive(Clone, Copy)]
struct Next {
    from: *const u8,
    /// Where its parts go, and how many panels it has: none where nothing is taken apart.
    to: *mut u8,
    panels: usize,
}

impl<'a> Groups<'a> {
    /// The first group is ready.
    pub fn new(b: &'a Parts, pairs: Range<usize>, steps: Range<usize>) -> Self {
        let pair = steps.len() * 2 * b.parts * TILE_BYTES;
        let at_once = if b.parts == EXACT { 2 } else { 1 };
        let size = (GROUP_BYTES / (at_once * pair)).clamp(1, pairs.len().max(1));
        let room = || Scratch::take(if b.parts == EXACT { size * pair / size_of::<f32>() } else { 0 });
        let mut scratch = [room(), room()];
        let rooms = scratch.each_mut().map(|room| room.as_mut_ptr().cast());
        let groups = Groups { b, pairs, steps, rooms, _scratch: scratch, size };
        if b.parts == EXACT {
            for pair in groups.group(groups.pairs.start) {
                let panels = b.panels(pair) * groups.steps.len();
                // SAFETY: the steps of a pair, and a place that has room for them; `Parts` are made where there is AVX-512.
                unsafe { split_panels(b.pair(pair, groups.steps.start).0, groups.place(0, pair), panels) };
            }
        }
        groups
    }

    pub fn group(&self, start: usize) -> Range<usize> {
        start..self.pairs.end.min(start + self.size)
    }

    /// A pair of the group that is ready.
    pub fn pair(&self, index: usize) -> Pair {
        let steps = self.steps.len();
        let (mut start, mut length) = self.b.pair(index, self.steps.start);
        let later = index + self.size;
        let is_last = later >= self.pairs.end;
        let from = self.b.pair(if is_last { self.pairs.start } else { later }, self.steps.start).0;
        let mut next = Next { from, to: null_mut(), panels: 0 };
        if self.b.parts == EXACT {
            (start, length) = (self.place(0, index), self.b.panels(index) * EXACT * TILE_BYTES);
            if !is_last {
                next = Next { from, to: self.place(1, later), panels: self.b.panels(later) };
            }
        }
        let second = if self.b.panels(index) == 2 { start.wrapping_add(length / 2) } else { start };
        Pair { index, b: [start, second], b_step: length, steps, next }
    }

    /// The other room becomes the one that is read.
    pub fn turn(&mut self) {
        self.rooms.swap(0, 1);
    }

    /// Where the parts of a pair lie in a room.
    fn place(&self, room: usize, pair: usize) -> *mut u8 {
        let at = (pair - self.pairs.start) % self.size;
        self.rooms[room].wrapping_add(at * self.steps.len() * 2 * EXACT * TILE_BYTES)
    }
}

impl Pair {
    /// What is done while pair `rows` of `count` pairs of tiles of rows is multiplied.
    pub fn meanwhile<const PARTS: usize>(&self, rows: usize, count: usize) -> Meanwhile {
        let Next { from, to, panels } = self.next;
        if PARTS < EXACT {
            // Each pair of tiles fetches its part of what follows.
            let length = self.steps * 2 * PARTS * TILE_BYTES;
            let from = from.wrapping_add(rows * length / count);
            return Meanwhile { from, fetched: (2 * PARTS).div_ceil(count), to, taken: 0 };
        }
        // The first pair of tiles has one panel taken apart in each step and the second the other, or one alone both.
        let taken = if count == 1 { panels } else { usize::from(rows < panels) };
        let before = rows * self.steps;
        Meanwhile { from: from.wrapping_add(before * 2 * TILE_BYTES), fetched: 0, to: to.wrapping_add(before * EXACT * TILE_BYTES), taken }
    }
}

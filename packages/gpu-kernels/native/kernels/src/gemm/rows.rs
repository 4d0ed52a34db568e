//! A by pointers to its rows, so that a convolution needs no copy of its input.

use std::marker::PhantomData;
use std::ops::Range;

/// Rows of A in tiles of nearly equal height. A row has `segments` of `depth` floats each, with a pointer of its own.
pub struct Rows<'a> {
    /// `[tile][segment][row]`, `height` rows a tile. Slots of rows that a tile has not are null and never read.
    pointers: Vec<*const f32>,
    pub rows: usize,
    pub segments: usize,
    pub depth: usize,
    /// Most rows of a tile.
    pub height: usize,
    tiles: usize,
    /// Where rows were copied to, see `spread`.
    copy: Vec<f32>,
    borrowed: PhantomData<&'a [f32]>,
}

// SAFETY: reads what is borrowed from shared slices, or its own copy, which does not change.
unsafe impl Sync for Rows<'_> {}

/// Rows that lie a multiple of this apart share one set of the first-level cache, which holds 8 lines of such.
const ALIAS_BYTES: usize = 4096;

/// Where the segments of one row are entered.
pub struct Slots<'rows, 'a> {
    pointers: &'rows mut [*const f32],
    height: usize,
    depth: usize,
    borrowed: PhantomData<&'a [f32]>,
}

impl<'a> Slots<'_, 'a> {
    /// Panics where `floats` has fewer than `depth`.
    #[inline(always)]
    pub fn set(&mut self, segment: usize, floats: &'a [f32]) {
        self.pointers[segment * self.height] = floats[..self.depth].as_ptr();
    }
}

impl<'a> Rows<'a> {
    /// `enter(slots)` is called for each row in order and must set every segment.
    pub fn new(rows: usize, segments: usize, depth: usize, highest: usize, mut enter: impl FnMut(&mut Slots<'_, 'a>)) -> Self {
        let tiles = rows.div_ceil(highest).max(1);
        let height = rows.div_ceil(tiles);
        let mut built = Rows { pointers: Vec::new(), rows, segments, depth, height, tiles, copy: Vec::new(), borrowed: PhantomData };
        built.pointers.resize(tiles * segments * height, std::ptr::null());
        for tile in 0..tiles {
            for row in 0..built.tile(tile).len() {
                let pointers = &mut built.pointers[tile * segments * height + row..];
                enter(&mut Slots { pointers, height, depth, borrowed: PhantomData });
            }
        }
        assert!((0..tiles).all(|tile| built.is_whole(tile)), "every segment of every row must be set");
        built
    }

    /// Rows of a dense matrix.
    pub fn dense(matrix: &'a [f32], rows: usize, depth: usize, highest: usize) -> Self {
        let mut next = matrix[..rows * depth].chunks_exact(depth);
        Rows::new(rows, 1, depth, highest, |slots| {
            if let Some(row) = next.next() {
                slots.set(0, row);
            }
        })
    }

    /// Copies rows that would push each other out of the cache, which tiles of floats read again and again, to where they do not.
    pub fn spread(mut self) -> Self {
        let [first, second, third, ..] = self.pointers[..] else { return self };
        let apart = |a: *const f32, b: *const f32| (b as usize).wrapping_sub(a as usize) % ALIAS_BYTES;
        if self.segments > 1 || self.height < 3 || apart(first, second) != 0 || apart(second, third) != 0 {
            return self;
        }
        let length = self.depth + super::PANEL;
        self.copy.reserve(self.rows * length);
        for pointer in self.pointers.iter_mut().filter(|pointer| !pointer.is_null()) {
            // SAFETY: `Slots::set` made the pointer from `depth` floats, borrowed for the lifetime of self.
            let row = unsafe { std::slice::from_raw_parts(*pointer, self.depth) };
            let start = self.copy.len();
            self.copy.extend_from_slice(row);
            self.copy.resize(start + length, 0.0);
            // The reserve above holds all rows, so `copy` never moves.
            *pointer = self.copy[start..].as_ptr();
        }
        self
    }

    pub fn tiles(&self) -> usize {
        self.tiles
    }

    /// Which rows a tile holds.
    pub fn tile(&self, tile: usize) -> Range<usize> {
        tile * self.rows / self.tiles..(tile + 1) * self.rows / self.tiles
    }

    /// Pointers of the segments of a tile.
    pub fn of(&self, tile: usize, segments: &Range<usize>) -> &[*const f32] {
        let from = tile * self.segments;
        &self.pointers[(from + segments.start) * self.height..(from + segments.end) * self.height]
    }

    /// `depth` floats of the row in a slot of a tile.
    #[cfg(target_arch = "x86_64")]
    pub fn segment(&self, tile: usize, slot: usize, segment: usize) -> &'_ [f32] {
        let pointer = self.pointers[(tile * self.segments + segment) * self.height + slot];
        assert!(!pointer.is_null());
        // SAFETY: `Slots::set` made the pointer from `depth` floats, borrowed for the lifetime of self.
        unsafe { std::slice::from_raw_parts(pointer, self.depth) }
    }

    /// The segments of the row in a slot of a tile, one after the other.
    #[cfg(target_arch = "x86_64")]
    pub fn copy_row(&self, tile: usize, slot: usize, to: &mut [f32]) {
        for (segment, to) in to.chunks_exact_mut(self.depth).take(self.segments).enumerate() {
            to.copy_from_slice(self.segment(tile, slot, segment));
        }
    }

    fn is_whole(&self, tile: usize) -> bool {
        let count = self.tile(tile).len();
        self.of(tile, &(0..self.segments)).chunks_exact(self.height).all(|slots| slots[..count].iter().all(|slot| !slot.is_null()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_of_nearly_equal_height_and_cover_all_rows() {
        for (rows, highest, heights) in [(50, 14, vec![12, 13, 12, 13]), (14, 14, vec![14]), (15, 14, vec![7, 8]), (1, 6, vec![1])] {
            let matrix = vec![0.0; rows * 2];
            let built = Rows::dense(&matrix, rows, 2, highest);
            let ranges: Vec<_> = (0..built.tiles()).map(|tile| built.tile(tile)).collect();
            assert_eq!(ranges.iter().map(ExactSizeIterator::len).collect::<Vec<_>>(), heights);
            assert!(
                ranges[0].start == 0
                    && ranges.windows(2).all(|pair| pair[0].end == pair[1].start)
                    && ranges.last().is_some_and(|last| last.end == rows)
            );
        }
    }

    #[test]
    #[should_panic]
    fn a_row_without_its_segments_is_refused() {
        Rows::new(3, 2, 1, 6, |slots| slots.set(0, &[1.0]));
    }
}

//! B in panels, packed once: what every tile reads in order.

use crate::error::Result;
use crate::memory::Floats;
use crate::stored::Stored;
use rayon::prelude::*;

pub const PANEL: usize = 16;

/// Panels that are filled together from rows of a matrix, so that 512 bytes of a row are read at once.
const COLUMN_GROUP: usize = 8;

/// Panel p holds columns 16p … 16p+15 as `[k][16]`, missing columns are 0.
#[derive(Debug, Default)]
pub struct Packed {
    pub k: usize,
    pub n: usize,
    data: Floats,
    next: Next,
}

/// Where the panels of a matrix begin, to be fetched into a cache and never to be read through.
#[derive(Debug, Clone, Copy)]
struct Next(*const f32);

impl Default for Next {
    fn default() -> Self {
        Next(std::ptr::null())
    }
}

// SAFETY: nobody reads or writes through it.
unsafe impl Send for Next {}
// SAFETY: as above.
unsafe impl Sync for Next {}

impl Packed {
    pub fn length(k: usize, n: usize) -> usize {
        k.saturating_mul(n.div_ceil(PANEL).saturating_mul(PANEL))
    }

    /// Zeros, to be filled panel by panel.
    pub fn empty(k: usize, n: usize) -> Result<Self> {
        Ok(Packed { k, n, data: Floats::zeroed(Self::length(k, n), "packed weights")?, next: Next::default() })
    }

    /// From a weight `[n][k]`, as those of gemm and conv2d are, by all threads of the pool that this runs in.
    pub fn from_stored(weight: Stored, k: usize, n: usize) -> Result<Self> {
        let source = Source::new(weight, k, n)?;
        let mut packed = Self::empty(k, n)?;
        let group = source.group() * packed.panel_length();
        packed.data.par_chunks_mut(group).enumerate().for_each(|(index, panels)| source.fill(index * source.group() * PANEL, panels));
        Ok(packed)
    }

    fn panel_length(&self) -> usize {
        (PANEL * self.k).max(1)
    }

    pub fn panels_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let length = self.panel_length();
        self.data.chunks_exact_mut(length)
    }

    #[cfg(test)]
    pub fn from_rows(weight: &[f32], k: usize, n: usize) -> Result<Self> {
        let mut packed = Self::empty(k, n)?;
        packed.enter_rows(weight);
        Ok(packed)
    }

    /// From `[n][k]`, into the memory of an earlier packing.
    pub fn repack_rows(&mut self, matrix: &[f32], k: usize, n: usize) {
        (self.k, self.n) = (k, n);
        self.data.grow(Self::length(k, n));
        self.data.fill(0.0);
        self.enter_rows(matrix);
    }

    fn enter_rows(&mut self, matrix: &[f32]) {
        let k = self.k;
        for (column, row) in matrix.chunks_exact(k).take(self.n).enumerate() {
            let panel = &mut self.data[column / PANEL * PANEL * k..][..PANEL * k];
            for (slots, &value) in panel.chunks_exact_mut(PANEL).zip(row) {
                slots[column % PANEL] = value;
            }
        }
    }

    /// From `[k][n]`, into the memory of an earlier packing.
    pub fn repack_columns(&mut self, matrix: &[f32], k: usize, n: usize) {
        (self.k, self.n) = (k, n);
        self.data.grow(Self::length(k, n));
        self.data.fill(0.0);
        for (start, panel) in (0..n).step_by(PANEL).zip(self.data.chunks_exact_mut(PANEL * k)) {
            let width = PANEL.min(n - start);
            for (slot, row) in panel.chunks_exact_mut(PANEL).zip(matrix.chunks_exact(n)) {
                slot[..width].copy_from_slice(&row[start..start + width]);
            }
        }
    }

    /// Says that `next`, which is as deep, is multiplied after this.
    pub fn precedes(&mut self, next: &Packed) {
        self.next = Next(next.data.as_ptr());
    }

    /// Null where it is not known.
    pub fn next(&self) -> *const f32 {
        self.next.0
    }

    pub fn panels(&self) -> usize {
        self.n.div_ceil(PANEL)
    }

    pub fn all(&self) -> Panels<'_> {
        Panels { k: self.k, n: self.n, data: &self.data }
    }

    /// Columns `first …`, at most `count`; both are of whole panels.
    pub fn columns(&self, first: usize, count: usize) -> Panels<'_> {
        assert!(first.is_multiple_of(PANEL) && count.is_multiple_of(PANEL) && first < self.n);
        Panels { k: self.k, n: count.min(self.n - first), data: &self.data[first * self.k..] }
    }
}

/// Neighbouring panels of B.
#[derive(Clone, Copy)]
pub struct Panels<'a> {
    pub k: usize,
    pub n: usize,
    data: &'a [f32],
}

impl<'a> Panels<'a> {
    pub fn count(&self) -> usize {
        self.n.div_ceil(PANEL)
    }

    pub fn panel(&self, index: usize) -> &'a [f32] {
        &self.data[index * PANEL * self.k..][..PANEL * self.k]
    }
}

/// What panels are filled from: a weight `[n][k]` in the order of its storage.
pub struct Source<'a> {
    weight: Stored<'a>,
    /// The weight in its own order where panels cannot be read from the other.
    plain: Option<Vec<f32>>,
    k: usize,
    n: usize,
}

impl<'a> Source<'a> {
    pub fn new(weight: Stored<'a>, k: usize, n: usize) -> Result<Self> {
        let [rows, columns] = weight.turn();
        let is_read_in_place = [rows, columns] == [k, n] || rows * columns == 1 || k.is_multiple_of(rows * columns);
        Ok(Source { weight, plain: if is_read_in_place { None } else { Some(weight.to_vec()?) }, k, n })
    }

    /// Panels that are best filled together, an even number.
    pub fn group(&self) -> usize {
        if self.weight.turn() == [self.k, self.n] { COLUMN_GROUP } else { 2 }
    }

    /// Columns `first …` to panels `[k][16]`.
    pub fn fill(&self, first: usize, panels: &mut [f32]) {
        let shape = [self.k, self.n];
        if self.weight.turn() == shape {
            return enter_columns(self.weight, shape, first, panels);
        }
        let weight = self.plain.as_ref().map_or(self.weight, |plain| Stored::plain(plain));
        for (index, panel) in panels.chunks_exact_mut((PANEL * self.k).max(1)).enumerate() {
            enter_rows(weight, shape, first + index * PANEL, panel);
        }
    }
}

/// Columns `first …` of a few panels from a weight that is stored as `[k][n]`.
fn enter_columns(weight: Stored, [k, n]: [usize; 2], first: usize, panels: &mut [f32]) {
    for row in 0..k {
        for (column, panel) in (first..n).step_by(PANEL).zip(panels.chunks_exact_mut(PANEL * k)) {
            weight.copy(row * n + column, &mut panel[row * PANEL..][..PANEL.min(n - column)]);
        }
    }
}

/// Columns `first …` of a panel from a weight `[n][k]` whose matrices do not reach over rows. All columns of a line at once:
/// column by column each line would be fetched and written 16 times.
fn enter_rows(weight: Stored, [k, n]: [usize; 2], first: usize, panel: &mut [f32]) {
    let [rows, columns] = weight.turn();
    let starts: [usize; PANEL] = std::array::from_fn(|column| (first + column).min(n - 1) * k);
    let width = PANEL.min(n - first);
    let mut lines = panel.chunks_exact_mut(PANEL);
    for matrix in (0..k).step_by(rows * columns) {
        for column in 0..columns {
            for (row, slots) in (0..rows).zip(&mut lines) {
                let inside = matrix + row * columns + column;
                let line: [f32; PANEL] = std::array::from_fn(|at| weight.at(starts[at] + inside));
                slots[..width].copy_from_slice(&line[..width]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_of_storage_is_packed_alike() {
        for (k, n, turns) in
            [(12, 40, [[1, 1], [12, 40], [3, 4], [4, 3], [6, 2], [8, 5]]), (9, 7, [[1, 9], [9, 7], [3, 3], [9, 1], [1, 1], [7, 9]])]
        {
            let floats: Vec<f32> = (0..k * n).map(|index| index as f32).collect();
            let bytes: Vec<u8> = std::iter::once(0).chain(floats.iter().flat_map(|value| value.to_ne_bytes())).collect();
            for [rows, columns] in turns {
                let stored = Stored::new(bytes[1..].as_chunks().0, rows, columns);
                let expected = Packed::from_rows(&stored.to_vec().unwrap(), k, n).unwrap();
                assert_eq!(*Packed::from_stored(stored, k, n).unwrap().data, *expected.data, "{rows} x {columns}");
            }
        }
    }
}

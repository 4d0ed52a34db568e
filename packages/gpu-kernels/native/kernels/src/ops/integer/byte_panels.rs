//! Weights of 8 bits in panels of 16 columns, `[quad][16][4]`.

use super::tile::COLUMNS;
use crate::error::Result;
use crate::memory::Floats;
use crate::ops::pointwise::{bytes, bytes_mut};

/// The weights of a group.
pub struct BytePanels {
    /// Bytes, from the start of a cache line.
    panels: Floats,
    /// Of the weights of each column, missing columns included.
    sums: Vec<i32>,
    quads: usize,
    /// Weights whose bytes of x lie side by side: as many begin a quad of their own.
    segment: usize,
}

impl BytePanels {
    /// `at(column, index)` are bytes.
    pub fn new(columns: usize, inner: usize, segment: usize, at: impl Fn(usize, usize) -> i16) -> Result<Self> {
        let (padded, quads) = (columns.next_multiple_of(COLUMNS), inner / segment * segment.div_ceil(4));
        let panels = Floats::zeroed(padded * quads, "packed weights")?;
        let mut built = BytePanels { panels, sums: vec![0; padded], quads, segment };
        for column in 0..columns {
            for index in 0..inner {
                let weight = at(column, index);
                let slot = built.slot(column, index);
                bytes_mut(&mut built.panels)[slot] = weight as u8;
                built.sums[column] = built.sums[column].wrapping_add(i32::from(weight));
            }
        }
        Ok(built)
    }

    fn slot(&self, column: usize, index: usize) -> usize {
        let index = index / self.segment * self.segment.next_multiple_of(4) + index % self.segment;
        column / COLUMNS * self.quads * COLUMNS * 4 + (index / 4 * COLUMNS + column % COLUMNS) * 4 + index % 4
    }

    /// Bytes of a row of patches.
    pub fn width(&self) -> usize {
        self.quads * 4
    }

    #[cfg(target_arch = "x86_64")]
    pub fn panels(&self) -> usize {
        self.sums.len() / COLUMNS
    }

    pub fn panel(&self, number: usize) -> &[u8] {
        &bytes(&self.panels)[number * self.width() * COLUMNS..][..self.width() * COLUMNS]
    }

    /// Sums of the weights of each column from a panel on.
    pub fn sums(&self, number: usize) -> &[i32] {
        &self.sums[number * COLUMNS..]
    }

    #[cfg(target_arch = "aarch64")]
    /// The same weights for the kernels of 16 bits, `[pair][16][2]`.
    pub fn pairs(&self, inner: usize) -> Vec<i16> {
        let pairs = inner.div_ceil(2);
        let mut panels = vec![0; self.sums.len() * pairs * 2];
        for column in 0..self.sums.len() {
            for index in 0..inner {
                let slot = column / COLUMNS * pairs * COLUMNS * 2 + (index / 2 * COLUMNS + column % COLUMNS) * 2 + index % 2;
                panels[slot] = i16::from(bytes(&self.panels)[self.slot(column, index)] as i8);
            }
        }
        panels
    }
}

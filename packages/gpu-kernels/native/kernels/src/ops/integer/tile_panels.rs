//! Weights of 8 bits as registers of AMX hold them: 64 of each of 16 columns, `[quad][16][4]`. What is multiplied together lies
//! together: `[pair of panels][step][panel of the pair]`.

use super::tile::COLUMNS;
use crate::amx::{ROW_BYTES, TILE_BYTES};
use crate::error::Result;
use crate::memory::Floats;
use crate::ops::pointwise::{bytes, bytes_mut};

/// The weights of a group.
pub struct TilePanels {
    /// Bytes, from the start of a cache line.
    panels: Floats,
    /// Of the weights of each column, missing columns included.
    sums: Vec<i32>,
    /// Registers of a panel.
    steps: usize,
}

/// Registers that weights take whose bytes of x lie side by side: what the last has too many are 0.
pub fn steps(segment: usize) -> usize {
    segment.div_ceil(ROW_BYTES)
}

impl TilePanels {
    /// `at(column, index)` are bytes; each `segment` of them begins a register of its own.
    pub fn new(columns: usize, inner: usize, segment: usize, at: impl Fn(usize, usize) -> i16) -> Result<Self> {
        let (padded, steps) = (columns.next_multiple_of(COLUMNS), inner / segment * steps(segment));
        let panels = Floats::zeroed(padded * steps * ROW_BYTES / 4, "packed weights")?;
        let mut built = TilePanels { panels, sums: vec![0; padded], steps };
        for column in 0..columns {
            for index in 0..inner {
                let weight = at(column, index);
                let slot = built.slot(column, index / segment * segment.next_multiple_of(ROW_BYTES) + index % segment);
                bytes_mut(&mut built.panels)[slot] = weight as u8;
                built.sums[column] = built.sums[column].wrapping_add(i32::from(weight));
            }
        }
        Ok(built)
    }

    fn slot(&self, column: usize, index: usize) -> usize {
        let (panel, step) = (column / COLUMNS, index / ROW_BYTES);
        let wide = 2.min(self.panels() - panel / 2 * 2);
        let register = panel / 2 * 2 * self.steps + step * wide + panel % 2;
        register * TILE_BYTES + index % ROW_BYTES / 4 * ROW_BYTES + column % COLUMNS * 4 + index % 4
    }

    pub fn panels(&self) -> usize {
        self.sums.len() / COLUMNS
    }

    /// Bytes of a panel.
    pub fn panel_bytes(&self) -> usize {
        self.steps * TILE_BYTES
    }

    /// The registers of a pair of panels, of which the last may have but one; `panel` is the first.
    pub fn pair(&self, panel: usize) -> &[u8] {
        let end = self.panels().min(panel + 2);
        &bytes(&self.panels)[panel * self.panel_bytes()..end * self.panel_bytes()]
    }

    /// Sums of the weights of each column from a panel on.
    pub fn sums(&self, panel: usize) -> &[i32] {
        &self.sums[panel * COLUMNS..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three panels of which the last is alone, two segments of 70 bytes: 64 and 6.
    #[test]
    fn what_is_multiplied_together_lies_together() {
        let at = |column: usize, index: usize| ((column * 3 + index) % 100) as i16;
        let built = TilePanels::new(40, 140, 70, at).unwrap();
        assert_eq!((built.panels(), built.panel_bytes()), (3, 4 * TILE_BYTES));
        let byte = |panel: usize, register: usize, quad: usize, column: usize, byte: usize| {
            i16::from(built.pair(panel)[register * TILE_BYTES + quad * 64 + column * 4 + byte])
        };
        assert_eq!(byte(0, 0, 2, 5, 3), at(5, 11));
        assert_eq!(byte(0, 1, 2, 5, 3), at(21, 11));
        assert_eq!(byte(0, 2, 1, 5, 1), at(5, 69));
        assert_eq!(byte(0, 2, 1, 5, 2), 0);
        assert_eq!(byte(0, 5, 0, 1, 0), at(17, 70));
        assert_eq!(byte(2, 3, 0, 7, 2), at(39, 136));
        assert_eq!(byte(2, 3, 0, 8, 2), 0);
        assert_eq!(built.sums(2)[7], (0..140).map(|index| i32::from(at(39, index))).sum::<i32>());
    }
}

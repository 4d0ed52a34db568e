//! B in panels, packed once: what every tile reads in order.

use crate::error::{Result, allocate};

pub const PANEL: usize = 16;

/// Panel p holds columns 16p … 16p+15 as `[k][16]`, missing columns are 0.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    pub k: usize,
    pub n: usize,
    data: Vec<f32>,
}

impl Packed {
    pub fn length(k: usize, n: usize) -> usize {
        k.saturating_mul(n.div_ceil(PANEL).saturating_mul(PANEL))
    }

    /// From `[n][k]`, as weights of gemm and conv2d are stored.
    pub fn from_rows(weight: &[f32], k: usize, n: usize) -> Result<Self> {
        let mut packed = Packed { k, n, data: allocate(Self::length(k, n), "packed weights")? };
        packed.enter_rows(weight);
        Ok(packed)
    }

    /// From `[n][k]`, into the memory of an earlier packing.
    pub fn repack_rows(&mut self, matrix: &[f32], k: usize, n: usize) {
        (self.k, self.n) = (k, n);
        self.data.clear();
        self.data.resize(Self::length(k, n), 0.0);
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
        self.data.clear();
        self.data.resize(Self::length(k, n), 0.0);
        for (start, panel) in (0..n).step_by(PANEL).zip(self.data.chunks_exact_mut(PANEL * k)) {
            let width = PANEL.min(n - start);
            for (slot, row) in panel.chunks_exact_mut(PANEL).zip(matrix.chunks_exact(n)) {
                slot[..width].copy_from_slice(&row[start..start + width]);
            }
        }
    }

    pub fn panels(&self) -> usize {
        self.n.div_ceil(PANEL)
    }

    pub fn panel(&self, index: usize) -> &[f32] {
        &self.data[index * PANEL * self.k..][..PANEL * self.k]
    }
}

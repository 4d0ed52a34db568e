//! Weighted sums along one dimension, by a table of indices and factors.

use crate::check::Checker;
use crate::error::{Result, refuse, reserve};
use crate::rules::{Fault, refuse_fault, size};
use crate::threads::Mode;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanResample {
    x: i64,
    dimension: usize,
    indices_weight: String,
    factors_weight: String,
}

/// x is `[outer, length, inner]`, y `[outer, out_length, inner]`.
#[derive(Debug, Clone)]
pub struct Resample {
    pub x: usize,
    pub indices: usize,
    pub factors: usize,
    pub length: usize,
    pub out_length: usize,
    pub inner: usize,
}

impl PlanResample {
    pub fn check(&self, checker: &Checker, step: &str, output: usize) -> std::result::Result<Resample, Fault> {
        let x = checker.value(step, self.x)?;
        let (indices, factors) = (checker.weight(step, &self.indices_weight)?, checker.weight(step, &self.factors_weight)?);
        let shape = checker.shapes[x];
        let Some(&length) = shape.get(self.dimension) else {
            return refuse_fault(format!("Expected step `{step}` to have dimension {}, received {shape:?}.", self.dimension));
        };
        let tables = (checker.weight_shapes[indices], checker.weight_shapes[factors]);
        let (&[out_length, _], true) = (tables.0, tables.0 == tables.1) else {
            return refuse_fault(format!("Expected tables of step `{step}` of one shape [size, taps], received {tables:?}."));
        };
        let mut resampled = shape.to_vec();
        resampled[self.dimension] = out_length;
        checker.expect_output(step, output, &resampled)?;
        Ok(Resample { x, indices, factors, length, out_length, inner: size(&shape[self.dimension + 1..]) })
    }
}

/// By output coordinate, `taps` entries each: where to read and how much of it.
pub struct Table {
    taps: usize,
    entries: Vec<(usize, f32)>,
}

impl Table {
    pub fn new(op: &Resample, indices: &[f32], factors: &[f32]) -> Result<Self> {
        let mut entries = reserve(indices.len(), "a table of indices")?;
        for (&index, &factor) in indices.iter().zip(factors) {
            if !(index >= 0.0 && index < op.length as f32 && index.fract() == 0.0) {
                refuse!("Expected indices of a resample from 0 and below {}, received {index}.", op.length);
            }
            entries.push((index as usize, factor));
        }
        Ok(Table { taps: indices.len() / op.out_length, entries })
    }
}

pub fn resample(mode: Mode, op: &Resample, table: &Table, x: &[f32], y: &mut [f32]) {
    let &Resample { length, out_length, inner, .. } = op;
    let rows = mode.chunk_length(y.len(), inner).div_ceil(inner);
    mode.chunks(y, rows * inner, |chunk, y| {
        for (number, y) in y.chunks_exact_mut(inner).enumerate() {
            let row = chunk * rows + number;
            let x = &x[row / out_length * length * inner..][..length * inner];
            let entries = &table.entries[row % out_length * table.taps..][..table.taps];
            y.fill(0.0);
            for &(index, factor) in entries {
                for (y, &x) in y.iter_mut().zip(&x[index * inner..]) {
                    *y += factor * x;
                }
            }
        }
    });
}

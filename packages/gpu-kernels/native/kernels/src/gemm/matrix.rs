//! B in the form that its products read fastest.

#[cfg(target_arch = "x86_64")]
use super::bfloat16;
use super::{Epilogue, Instructions, Layout, Packed, Rows, product};
use crate::error::Result;
use crate::precision::Precision;
use crate::stored::Stored;
use crate::threads::Mode;
use std::ops::Range;

#[derive(Debug)]
pub enum Matrix {
    Floats(Packed),
    /// In parts of bfloat16.
    #[cfg(target_arch = "x86_64")]
    Parts(bfloat16::Parts),
}

impl Matrix {
    /// From a weight `[n][k]` of a layer of `rows` rows an item.
    pub fn from_stored(weight: Stored, k: usize, n: usize, rows: usize, precision: Precision) -> Result<Self> {
        #[cfg(target_arch = "x86_64")]
        if let Some(unit) = bfloat16::unit_for(rows, k, n, parts_of(precision))
            && let Some(parts) = bfloat16::Parts::from_stored(weight, k, n, parts_of(precision), unit)?
        {
            return Ok(Matrix::Parts(parts));
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (rows, precision);
        Packed::from_stored(weight, k, n).map(Matrix::Floats)
    }

    pub fn k(&self) -> usize {
        match self {
            Matrix::Floats(packed) => packed.k,
            #[cfg(target_arch = "x86_64")]
            Matrix::Parts(parts) => parts.k,
        }
    }

    pub fn n(&self) -> usize {
        match self {
            Matrix::Floats(packed) => packed.n,
            #[cfg(target_arch = "x86_64")]
            Matrix::Parts(parts) => parts.n,
        }
    }

    pub fn as_floats(&self) -> Option<&Packed> {
        match self {
            Matrix::Floats(packed) => Some(packed),
            #[cfg(target_arch = "x86_64")]
            Matrix::Parts(_) => None,
        }
    }

    /// Most rows of a tile.
    pub fn rows(&self, instructions: Instructions) -> usize {
        match self {
            Matrix::Floats(_) => instructions.rows(),
            #[cfg(target_arch = "x86_64")]
            Matrix::Parts(parts) => parts.unit.rows(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn parts_of(precision: Precision) -> usize {
    match precision {
        Precision::F32 => bfloat16::EXACT,
        Precision::Bf16x2 => 2,
        Precision::Bf16 => 1,
    }
}

/// `product` for B of any form; `rows_of` gives tiles of at most as many rows as `b` has.
pub fn product_of<'a>(
    mode: Mode,
    rows_of: impl Fn(Range<usize>) -> Rows<'a> + Sync,
    touched: usize,
    b: &Matrix,
    y: &mut [f32],
    layout: Layout,
    epilogue: Epilogue,
    instructions: Instructions,
) {
    match b {
        Matrix::Floats(packed) => product(mode, rows_of, touched, packed, y, layout, epilogue, instructions),
        #[cfg(target_arch = "x86_64")]
        Matrix::Parts(parts) => bfloat16::product(mode, rows_of, parts, y, layout, epilogue),
    }
}

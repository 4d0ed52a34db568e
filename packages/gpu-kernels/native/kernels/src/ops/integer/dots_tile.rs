//! One tile of a product of bytes, and the instructions that make it.

use super::tile::{COLUMNS, has_vnni};
use super::{PackedIntegers, dots_avx2, dots_avx512};
use crate::program::{Addition, Form, IntegerProduct};

/// Rows of the largest tile.
pub const TILE_ROWS: usize = 14;
/// Columns of the widest tile.
pub const WIDEST: usize = 2 * COLUMNS;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// AVX-512 with VNNI.
    Avx512,
    /// AVX-VNNI.
    Avx2,
}

impl Instructions {
    pub fn detect() -> Option<Self> {
        use std::arch::is_x86_feature_detected as has;
        if has_vnni() {
            return Some(Instructions::Avx512);
        }
        (has!("avx2") && has!("avxvnni")).then_some(Instructions::Avx2)
    }

    pub fn rows(self) -> usize {
        if self == Instructions::Avx512 { TILE_ROWS } else { 6 }
    }

    pub fn panels(self) -> usize {
        if self == Instructions::Avx512 { 2 } else { 1 }
    }

    /// # Safety
    /// `detect` found the instructions, and `tile` keeps what `Tile` promises for `count` rows, at most `rows`.
    pub unsafe fn run(self, tile: &Tile, count: usize) {
        // SAFETY: the contract is passed on.
        unsafe {
            match self {
                Instructions::Avx512 => dots_avx512::run(tile, count),
                Instructions::Avx2 => dots_avx2::run(tile, count),
            }
        }
    }
}

/// How scaled sums become numbers.
#[derive(Clone)]
pub struct Finish {
    /// Zero point, least and greatest number.
    pub requantize: Option<[f32; 3]>,
    /// What is divided by before rounding.
    pub divisor: Option<f32>,
    /// Of bytes, `None` for floats.
    pub least: Option<i32>,
    /// Whether no sum, scaled and divided, leaves 32 bits.
    pub is_small: bool,
    pub addition: Option<Addition>,
}

impl Finish {
    pub fn of(op: &IntegerProduct, packed: &PackedIntegers) -> Self {
        let least = match op.to {
            Form::Floats => None,
            Form::Bytes { least } => Some(least),
        };
        let most = 0.5 * op.divisor.unwrap_or(1.0).min(1.0);
        let is_small = packed.scale.iter().all(|scale| scale.abs() <= most);
        let requantize = op.requantize.map(|to| [to.zero_point, to.min, to.max]);
        Finish { requantize, divisor: op.divisor, least, is_small, addition: op.addition.clone() }
    }
}

/// The columns of a tile.
#[derive(Clone, Copy)]
pub struct Columns {
    /// The first of them in y, and how many there are.
    pub first: usize,
    pub count: usize,
    /// What the sum of each column begins with.
    pub start: [i32; WIDEST],
    pub scale: [f32; WIDEST],
}

impl Columns {
    /// `sums` are those of the weights of each column, `zero` is the byte that stands for 0.
    pub fn new(packed: &PackedIntegers, first: usize, count: usize, sums: &[i32], zero: i32) -> Self {
        let mut columns = Columns { first, count, start: [0; WIDEST], scale: [0.0; WIDEST] };
        columns.scale[..count].copy_from_slice(&packed.scale[first..first + count]);
        for ((start, &sum), bias) in columns.start.iter_mut().zip(sums).zip(&packed.bias[first..first + count]) {
            *start = bias.wrapping_sub(sum.wrapping_mul(zero));
        }
        columns
    }
}

/// For each segment `pointers` has `TILE_ROWS` pointers, of which the first rows of the tile point to `4 * quads` bytes each.
/// Each panel that the columns need has `64 * quads` bytes a segment. Each row of y, `stride` bytes apart, has a number for each
/// column, which nobody else reads or writes meanwhile.
pub struct Tile<'a> {
    pub pointers: &'a [*const u8],
    pub quads: usize,
    pub columns: &'a Columns,
    /// The second is the first again where the columns need one.
    pub panels: [*const u8; 2],
    pub finish: &'a Finish,
    pub y: *mut u8,
    /// The numbers of `finish.addition`, which lie as those of y do; null where there is none.
    pub other: *const u8,
    pub stride: usize,
}

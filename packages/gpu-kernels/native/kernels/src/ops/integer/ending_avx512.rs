//! Exact sums to the numbers of a step with AVX-512, 16 columns a vector.

use super::dots_tile::Finish;
use crate::ops::pointwise::avx512::Grid;
use std::arch::x86_64::*;

pub struct Ending {
    grid: Option<Grid>,
    is_bytes: bool,
    addition: Option<Addition>,
}

/// `program::Addition` in vectors.
struct Addition {
    /// What each side's integers become with its zero point taken.
    shifts: [__m512; 2],
    scales: [__m512; 2],
    grid: Grid,
}

impl Addition {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(of: &crate::program::Addition, least: i32) -> Self {
        let to = of.requantize;
        // Integers of a grid and zero points lie within 1024 of 0.
        let is_small = (of.scales[0].abs() + of.scales[1].abs()) * 4096.0 <= 1e9 * of.divisor;
        Addition {
            shifts: [_mm512_set1_ps(-of.zeros[0]), _mm512_set1_ps(of.least as f32 - of.zeros[1])],
            scales: of.scales.map(|scale| _mm512_set1_ps(scale)),
            grid: Grid::new([to.zero_point, to.min, to.max], Some(of.divisor), least, is_small),
        }
    }

    /// Numbers with those of `bytes` added.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn add(&self, numbers: __m512, bytes: __m128i) -> __m512 {
        let other = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
        let sides = [numbers, other];
        let [own, other] = [0, 1].map(|side| _mm512_mul_ps(_mm512_add_ps(sides[side], self.shifts[side]), self.scales[side]));
        _mm512_add_ps(own, other)
    }
}

impl Ending {
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn new(finish: &Finish) -> Self {
        let least = finish.least.unwrap_or(0);
        Ending {
            grid: finish.requantize.map(|to| Grid::new(to, finish.divisor, least, finish.is_small)),
            is_bytes: finish.least.is_some(),
            addition: finish.addition.as_ref().map(|of| Addition::new(of, least)),
        }
    }

    /// Scaled sums of up to `16 * V` columns to y, to which nothing is added.
    ///
    /// # Safety
    /// The CPU has AVX-512 F, BW, DQ and VL; y has `columns` numbers.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub unsafe fn store_row<const V: usize>(&self, mut numbers: [__m512; V], columns: usize, y: *mut u8) {
        // SAFETY: `columns` numbers, by the contract; masked lanes are not touched.
        unsafe {
            match &self.grid {
                Some(grid) if self.is_bytes => store_bytes(grid.bytes(numbers), columns, y),
                grid => {
                    if let Some(grid) = grid {
                        numbers = grid.floats(numbers);
                    }
                    for v in 0..V {
                        _mm512_mask_storeu_ps(y.cast::<f32>().wrapping_add(16 * v), mask(columns, v), numbers[v]);
                    }
                }
            }
        }
    }

    /// Rows of sums to y, each `stride` bytes after the one before.
    ///
    /// # Safety
    /// The CPU has AVX-512 F, BW, DQ and VL; each row of y has `columns` numbers, and so has each of `other` where something is
    /// added.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub unsafe fn store<const V: usize>(&self, sums: &[[[i32; 16]; V]], scale: [__m512; V], to: To) {
        let To { columns, y, other, stride } = to;
        // SAFETY: `columns` numbers, by the contract; masked lanes are not touched.
        unsafe {
            match (&self.grid, &self.addition) {
                (Some(grid), Some(addition)) => {
                    for (row, sums) in sums.iter().enumerate() {
                        let mut numbers = grid.floats(scaled(sums, scale));
                        for v in 0..V {
                            let other = other.wrapping_add(row * stride + 16 * v);
                            numbers[v] = addition.add(numbers[v], _mm_maskz_loadu_epi8(mask(columns, v), other.cast()));
                        }
                        store_bytes(addition.grid.bytes(numbers), columns, y.wrapping_add(row * stride));
                    }
                }
                _ => {
                    for (row, sums) in sums.iter().enumerate() {
                        self.store_row(scaled(sums, scale), columns, y.wrapping_add(row * stride));
                    }
                }
            }
        }
    }
}

/// Where rows of numbers go.
#[derive(Clone, Copy)]
pub struct To {
    pub columns: usize,
    pub y: *mut u8,
    pub other: *const u8,
    pub stride: usize,
}

#[inline]
#[target_feature(enable = "avx512f")]
fn scaled<const V: usize>(sums: &[[i32; 16]; V], scale: [__m512; V]) -> [__m512; V] {
    let mut numbers = scale;
    for v in 0..V {
        // SAFETY: 16 numbers.
        let sums = unsafe { _mm512_loadu_si512(sums[v].as_ptr().cast()) };
        numbers[v] = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale[v]);
    }
    numbers
}

/// Which of the columns of vector `v` there are.
#[inline(always)]
fn mask(columns: usize, v: usize) -> __mmask16 {
    ((1u32 << columns.saturating_sub(16 * v).min(16)) - 1) as __mmask16
}

/// # Safety
/// The CPU has AVX-512 F and BW; y has `columns` bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn store_bytes(bytes: __m512i, columns: usize, y: *mut u8) {
    // SAFETY: by the contract.
    unsafe {
        match columns {
            64 => _mm512_storeu_si512(y.cast(), bytes),
            32 => _mm256_storeu_si256(y.cast(), _mm512_castsi512_si256(bytes)),
            16 => _mm_storeu_si128(y.cast(), _mm512_castsi512_si128(bytes)),
            _ => _mm512_mask_storeu_epi8(y.cast(), u64::MAX >> (64 - columns), bytes),
        }
    }
}

//! Pillow's 8-bit resize, equal to the bit (`Resample.c`): coefficients in float64, normalised, then as integers of
//! 22 bits; a horizontal pass, then a vertical one, with 8-bit pixels between; a pass that changes nothing is skipped.

use super::geometry::{Size, Window};
use super::pillow_coefficients::{Coefficients, KEPT, Kernel};
#[cfg(target_arch = "x86_64")]
use super::pillow_vnni;
use super::pixel;
use super::taps::FloatTaps;
use crate::error::{Result, allocate};
use crate::gemm::Instructions;
use crate::ops::pointwise::bytes_mut;
use crate::scratch::Scratch;
use crate::threads::Mode;
use std::sync::Arc;

/// 32 bits less 8 of the pixel and 2 of headroom for overshoot.
pub const PRECISION_BITS: u32 = 32 - 8 - 2;
pub const ROUNDING: i32 = 1 << (PRECISION_BITS - 1);
/// Rows of the horizontal pass handed out together.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const ROWS: usize = 8;
/// Bytes that may be read behind the rows of a source, so that kernels take the last pixels of the last row as any others.
const BEYOND: usize = 64;

pub fn round(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

pub struct Source<'a> {
    pub width: usize,
    pub height: usize,
    /// Bytes from pixel to pixel; of them, the first `kept` are resized.
    pub channels: usize,
    pub kept: usize,
    /// Colours are first multiplied by alpha, the fourth of four channels.
    pub by_alpha: bool,
    pub data: &'a [u8],
}

impl Source<'_> {
    /// Calls `work` with a source that has the rows from `first` as the passes read them, `count` at most, and the number of
    /// the first in it.
    pub fn with_rows(&self, first: usize, count: usize, work: impl FnOnce(&Source, usize)) {
        if !self.by_alpha {
            return work(self, first);
        }
        let (height, stride) = (count.min(self.height - first), self.width * self.channels);
        let mut memory = Scratch::take((height * stride + BEYOND).div_ceil(size_of::<f32>()));
        let data = bytes_mut(&mut memory);
        pixel::premultiply(&self.data[first * stride..][..height * stride], data);
        work(&Source { height, by_alpha: false, data, ..*self }, 0);
    }
}

/// What the passes of a window read: rows of the image, from `first`, and weights; none for a pass that changes nothing.
pub struct Reads<'a> {
    pub rows: Source<'a>,
    pub first: usize,
    pub across: Option<Arc<Coefficients>>,
    pub down: Option<Arc<Coefficients>>,
}

impl<'a> Reads<'a> {
    pub fn new(source: &Source<'a>, kernel: Kernel, size: Size, window: Window) -> Result<Self> {
        let along = |input: usize, output: usize, start: usize, length: usize| match input == output {
            true => Ok(None),
            false => KEPT.of((kernel, input, output, start, length)).map(Some),
        };
        let across = along(source.width, size.0, window.left, window.width)?;
        let down = along(source.height, size.1, window.top, window.height)?;
        let (first, end) = match &down {
            None => (window.top, window.top + window.height),
            Some(down) => {
                let end = down.bounds.iter().map(|(first, count)| first + count).max().unwrap_or(0);
                (down.bounds.iter().map(|bound| bound.0).min().unwrap_or(0), end)
            }
        };
        let rows = Source { height: end - first, data: &source.data[first * source.width * source.channels..], ..*source };
        Ok(Reads { rows, first, across, down })
    }
}

/// The window of the image resized to `size`, `kept` channels.
pub fn resize(mode: Mode, source: &Source, kernel: Kernel, size: Size, window: Window, instructions: Instructions) -> Result<Vec<u8>> {
    let Reads { rows, first, across, down: vertical } = Reads::new(source, kernel, size, window)?;
    let (between, vertical) = match (across, vertical) {
        (Some(across), Some(vertical)) => return both(mode, &rows, &across, &vertical, first, instructions),
        (Some(across), None) => return horizontal(mode, &rows, &across, instructions),
        (None, vertical) => (copy_columns(mode, &rows, window)?, vertical),
    };
    match vertical {
        None => Ok(between),
        Some(vertical) => run_vertical(mode, &between, window.width * source.kept, first, &vertical, instructions),
    }
}

/// Both passes with tables of one's own, over the whole image.
pub fn convolve(mode: Mode, source: &Source, across: &FloatTaps, down: &FloatTaps, instructions: Instructions) -> Result<Vec<u8>> {
    both(mode, source, &Coefficients::fixed(across)?, &Coefficients::fixed(down)?, 0, instructions)
}

/// `first` is the row of the image that row 0 of `source` is.
fn both(
    mode: Mode,
    source: &Source,
    across: &Coefficients,
    down: &Coefficients,
    first: usize,
    instructions: Instructions,
) -> Result<Vec<u8>> {
    #[cfg(target_arch = "x86_64")]
    if instructions == Instructions::Avx512
        && let Some(passes) = pillow_vnni::Passes::new(across, down, first, [source.channels, source.kept])?
    {
        return passes.run(mode, source);
    }
    let between = horizontal(mode, source, across, instructions)?;
    run_vertical(mode, &between, across.bounds.len() * source.kept, first, down, instructions)
}

fn copy_columns(mode: Mode, source: &Source, window: Window) -> Result<Vec<u8>> {
    let length = window.width * source.kept;
    let mut copied = allocate(source.height * length, "a cropped image")?;
    mode.chunks(&mut copied, length, |row, target| {
        let line = &source.data[(row * source.width + window.left) * source.channels..][..window.width * source.channels];
        for (target, pixel) in target.chunks_exact_mut(source.kept).zip(line.chunks_exact(source.channels)) {
            target.copy_from_slice(&pixel[..source.kept]);
        }
        if source.by_alpha {
            let line = target.to_vec();
            pixel::premultiply(&line, target);
        }
    });
    Ok(copied)
}

fn horizontal(mode: Mode, source: &Source, coefficients: &Coefficients, instructions: Instructions) -> Result<Vec<u8>> {
    let length = coefficients.bounds.len() * source.kept;
    let mut narrowed = allocate(source.height * length, "a resized image")?;
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 | Instructions::Avx2 if source.kept >= 3 => {
            let wide = super::pillow_avx2::Horizontal::new(coefficients, source.channels)?;
            mode.chunks(&mut narrowed, ROWS * length, |block, target| {
                source.with_rows(block * ROWS, ROWS, |source, row| wide.run(source, coefficients, row, target));
            });
        }
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon if source.kept >= 3 => {
            let wide = super::pillow_neon::Horizontal::new(coefficients, source.channels)?;
            mode.chunks(&mut narrowed, ROWS * length, |block, target| {
                source.with_rows(block * ROWS, ROWS, |source, row| wide.run(source, coefficients, row, target));
            });
        }
        _ => mode.chunks(&mut narrowed, length, |row, target| {
            source.with_rows(row, 1, |source, row| narrow_row(source, coefficients, row, target));
        }),
    }
    Ok(narrowed)
}

/// One row of the horizontal pass.
pub fn narrow_row(source: &Source, coefficients: &Coefficients, row: usize, target: &mut [u8]) {
    let line = &source.data[row * source.width * source.channels..][..source.width * source.channels];
    for (index, target) in target.chunks_exact_mut(source.kept).enumerate() {
        let mut sums = [ROUNDING; 4];
        let pixels = line[coefficients.bounds[index].0 * source.channels..].chunks_exact(source.channels);
        for (&weight, pixel) in coefficients.of(index).iter().zip(pixels) {
            for (sum, &value) in sums.iter_mut().zip(&pixel[..source.kept]) {
                *sum += weight * i32::from(value);
            }
        }
        for (target, sum) in target.iter_mut().zip(sums) {
            *target = round(sum);
        }
    }
}

/// `first` is the row of the image that row 0 of `rows` is.
fn run_vertical(
    mode: Mode,
    rows: &[u8],
    length: usize,
    first: usize,
    coefficients: &Coefficients,
    instructions: Instructions,
) -> Result<Vec<u8>> {
    let mut resized = allocate(coefficients.bounds.len() * length, "a resized image")?;
    mode.chunks(&mut resized, length, |row, target| {
        let rows = &rows[(coefficients.bounds[row].0 - first) * length..];
        match instructions {
            // SAFETY: both are only made where the CPU has AVX2.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 | Instructions::Avx2 => unsafe { flatten_avx2(rows, coefficients.of(row), target) },
            // The compiler makes NEON of the loop by itself.
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => flatten(rows, coefficients.of(row), target),
            Instructions::Portable => flatten(rows, coefficients.of(row), target),
        }
    });
    Ok(resized)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn flatten_avx2(rows: &[u8], weights: &[i32], target: &mut [u8]) {
    flatten(rows, weights, target);
}

/// One row of the vertical pass: the weighted sum of the first rows of `rows`.
#[inline(always)]
fn flatten(rows: &[u8], weights: &[i32], target: &mut [u8]) {
    const BLOCK: usize = 64;
    let length = target.len();
    for (index, target) in target.chunks_mut(BLOCK).enumerate() {
        let mut sums = [ROUNDING; BLOCK];
        for (row, &weight) in weights.iter().enumerate() {
            let row = &rows[row * length + index * BLOCK..][..target.len()];
            for (sum, &pixel) in sums.iter_mut().zip(row) {
                *sum += weight * i32::from(pixel);
            }
        }
        for (target, sum) in target.iter_mut().zip(sums) {
            *target = round(sum);
        }
    }
}

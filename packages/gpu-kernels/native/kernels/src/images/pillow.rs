//! Pillow's 8-bit resize, equal to the bit (`Resample.c`): coefficients in float64, normalised, then as integers of
//! 22 bits; a horizontal pass, then a vertical one, with 8-bit pixels between; a pass that changes nothing is skipped.

use super::geometry::{Size, Window};
use super::taps::FloatTaps;
use crate::error::{Result, allocate};
use crate::gemm::Instructions;
use crate::threads::Mode;
use std::f64::consts::PI;

/// 32 bits less 8 of the pixel and 2 of headroom for overshoot.
pub const PRECISION_BITS: u32 = 32 - 8 - 2;
pub const ROUNDING: i32 = 1 << (PRECISION_BITS - 1);
/// Rows of the horizontal pass handed out together.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const ROWS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    Box,
    Bilinear,
    Hamming,
    Bicubic,
    Lanczos,
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}

impl Kernel {
    fn support(self) -> f64 {
        match self {
            Kernel::Box => 0.5,
            Kernel::Bilinear | Kernel::Hamming => 1.0,
            Kernel::Bicubic => 2.0,
            Kernel::Lanczos => 3.0,
        }
    }

    /// Hamming's constants are float32 in Pillow; the cubic is Keys' with a = -0.5.
    fn weight(self, signed: f64) -> f64 {
        const A: f64 = -0.5;
        let x = signed.abs();
        match self {
            Kernel::Box if signed > -0.5 && signed <= 0.5 => 1.0,
            Kernel::Bilinear if x < 1.0 => 1.0 - x,
            Kernel::Hamming if x < 1.0 => sinc(x) * (f64::from(0.54f32) + f64::from(0.46f32) * (x * PI).cos()),
            Kernel::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Kernel::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            Kernel::Lanczos if (-3.0..3.0).contains(&signed) => sinc(signed) * sinc(signed / 3.0),
            _ => 0.0,
        }
    }
}

/// Weights of the input pixels of each output pixel.
pub struct Coefficients {
    /// First input pixel and number of them, by output pixel.
    pub bounds: Vec<(usize, usize)>,
    weights: Vec<i32>,
    stride: usize,
}

impl Coefficients {
    /// For the output pixels `start .. start + length` of an axis resized from `input` to `output` pixels.
    fn new(kernel: Kernel, input: usize, output: usize, start: usize, length: usize) -> Result<Self> {
        let scale = input as f64 / output as f64;
        let filter_scale = scale.max(1.0);
        let support = kernel.support() * filter_scale;
        let stride = support.ceil() as usize * 2 + 1;
        let mut weights = allocate(length * stride, "resize coefficients")?;
        let mut exact = vec![0.0; stride];
        let mut bounds = Vec::with_capacity(length);
        for (at, weights) in (start..).zip(weights.chunks_exact_mut(stride)) {
            let centre = (at as f64 + 0.5) * scale;
            // C truncates towards zero here, and a negative bound becomes 0 either way.
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(input);
            let count = end - first;
            let mut sum = 0.0;
            for (tap, exact) in exact[..count].iter_mut().enumerate() {
                *exact = kernel.weight(((tap + first) as f64 - centre + 0.5) * (1.0 / filter_scale));
                sum += *exact;
            }
            for (weight, &exact) in weights.iter_mut().zip(&exact[..count]) {
                let normalised = if sum == 0.0 { exact } else { exact / sum };
                let scaled = normalised * f64::from(1 << PRECISION_BITS);
                *weight = (if normalised < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32;
            }
            bounds.push((first, count));
        }
        Ok(Coefficients { bounds, weights, stride })
    }

    /// Float weights in the same fixed point.
    pub fn fixed(taps: &FloatTaps) -> Result<Self> {
        let stride = taps.rows().iter().map(|row| row.1.len()).max().unwrap_or(1);
        let mut weights = allocate(taps.rows().len() * stride, "filter coefficients")?;
        let mut bounds = Vec::with_capacity(taps.rows().len());
        for ((first, exact), weights) in taps.rows().iter().zip(weights.chunks_exact_mut(stride)) {
            for (weight, &exact) in weights.iter_mut().zip(exact) {
                *weight = (f64::from(exact) * f64::from(1 << PRECISION_BITS) + 0.5).floor() as i32;
            }
            bounds.push((*first, exact.len()));
        }
        Ok(Coefficients { bounds, weights, stride })
    }

    pub fn of(&self, index: usize) -> &[i32] {
        &self.weights[index * self.stride..][..self.bounds[index].1]
    }
}

pub fn round(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

pub struct Source<'a> {
    pub width: usize,
    pub height: usize,
    /// Bytes from pixel to pixel; of them, the first `kept` are resized.
    pub channels: usize,
    pub kept: usize,
    pub data: &'a [u8],
}

/// The window of the image resized to `size`, `kept` channels.
pub fn resize(mode: Mode, source: &Source, kernel: Kernel, size: Size, window: Window, instructions: Instructions) -> Result<Vec<u8>> {
    let vertical = match source.height == size.1 {
        true => None,
        false => Some(Coefficients::new(kernel, source.height, size.1, window.top, window.height)?),
    };
    // Rows that the vertical pass reads: its bounds grow with the output row.
    let (first, end) = match &vertical {
        None => (window.top, window.top + window.height),
        Some(vertical) => {
            let end = vertical.bounds.iter().map(|(first, count)| first + count).max().unwrap_or(0);
            (vertical.bounds.iter().map(|bound| bound.0).min().unwrap_or(0), end)
        }
    };
    let rows = Source { height: end - first, data: &source.data[first * source.width * source.channels..], ..*source };
    let between = if source.width == size.0 {
        copy_columns(mode, &rows, window)?
    } else {
        let coefficients = Coefficients::new(kernel, source.width, size.0, window.left, window.width)?;
        horizontal(mode, &rows, &coefficients, instructions)?
    };
    match vertical {
        None => Ok(between),
        Some(vertical) => run_vertical(mode, &between, window.width * source.kept, first, &vertical, instructions),
    }
}

/// Both passes with tables of one's own, over the whole image.
pub fn convolve(mode: Mode, source: &Source, across: &FloatTaps, down: &FloatTaps, instructions: Instructions) -> Result<Vec<u8>> {
    let between = horizontal(mode, source, &Coefficients::fixed(across)?, instructions)?;
    run_vertical(mode, &between, across.rows().len() * source.kept, 0, &Coefficients::fixed(down)?, instructions)
}

fn copy_columns(mode: Mode, source: &Source, window: Window) -> Result<Vec<u8>> {
    let length = window.width * source.kept;
    let mut copied = allocate(source.height * length, "a cropped image")?;
    mode.chunks(&mut copied, length, |row, target| {
        let line = &source.data[(row * source.width + window.left) * source.channels..][..window.width * source.channels];
        for (target, pixel) in target.chunks_exact_mut(source.kept).zip(line.chunks_exact(source.channels)) {
            target.copy_from_slice(&pixel[..source.kept]);
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
            mode.chunks(&mut narrowed, ROWS * length, |block, target| wide.run(source, coefficients, block * ROWS, target));
        }
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon if source.kept >= 3 => {
            let wide = super::pillow_neon::Horizontal::new(coefficients, source.channels)?;
            mode.chunks(&mut narrowed, ROWS * length, |block, target| wide.run(source, coefficients, block * ROWS, target));
        }
        _ => mode.chunks(&mut narrowed, length, |row, target| narrow_row(source, coefficients, row, target)),
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

//! Depthwise convolution: one filter a channel. Vectorised over channels; bound by loads, not by arithmetic.
//!
//! A row of output is made in strips of 32 channels, so that the input rows that its taps read stay in the first
//! cache level; within a strip two neighbouring pixels share each load of a weight.

use super::elementwise::clamp;
use crate::error::Result;
use crate::gemm::Instructions;
use crate::program::Conv;
use crate::threads::Mode;
use std::ops::Range;

/// Weights as `[tap][channel]`.
#[derive(Debug, Clone)]
pub struct PackedDepthwise {
    taps: Vec<f32>,
    bias: Vec<f32>,
}

impl PackedDepthwise {
    /// From `[channel][tap]`.
    pub fn new(conv: &Conv, weight: &[f32], bias: Option<&[f32]>) -> Result<Self> {
        let channels = conv.input.channels;
        let mut taps = crate::error::allocate(weight.len(), "packed weights")?;
        for (channel, filter) in weight.chunks_exact(weight.len() / channels).enumerate() {
            for (tap, &value) in filter.iter().enumerate() {
                taps[tap * channels + channel] = value;
            }
        }
        Ok(PackedDepthwise { taps, bias: bias.map_or_else(|| vec![0.0; channels], <[f32]>::to_vec) })
    }
}

/// Taps of a kernel axis that meet the input at output coordinate `at`, and the input coordinate of the first.
fn valid_taps(at: usize, kernel: usize, stride: usize, dilation: usize, before: usize, size: usize) -> (Range<usize>, usize) {
    let start = at * stride;
    let first = before.saturating_sub(start).div_ceil(dilation).min(kernel);
    let end = (size + before).saturating_sub(start).div_ceil(dilation).min(kernel).max(first);
    (first..end, (start + first * dilation).saturating_sub(before))
}

/// What one row of output is made from.
struct Line<'a> {
    conv: &'a Conv,
    packed: &'a PackedDepthwise,
    /// One item.
    x: &'a [f32],
    residual: Option<&'a [f32]>,
    rows: Range<usize>,
    first_row: usize,
    low: f32,
    high: f32,
}

impl Line<'_> {
    fn columns(&self, at: usize) -> (Range<usize>, usize) {
        let window = &self.conv.window;
        valid_taps(at, window.kernel[1], window.strides[1], window.dilations[1], window.left, self.conv.input.width)
    }

    /// Offset of the first channel under tap row `row` and tap column `column` of the valid ones.
    fn source(&self, row: usize, column: usize, first_column: usize) -> usize {
        let Conv { input, window, .. } = self.conv;
        let y = self.first_row + row * window.dilations[0];
        let x = first_column + column * window.dilations[1];
        (y * input.width + x) * input.channels
    }
}

pub fn depthwise(
    mode: Mode,
    conv: &Conv,
    packed: &PackedDepthwise,
    x: &[f32],
    residual: Option<&[f32]>,
    y: &mut [f32],
    instructions: Instructions,
) {
    let channels = conv.input.channels;
    let (input, output, window) = (conv.input, conv.output, conv.window);
    let (low, high) = conv.activation.clamp();
    mode.chunks(y, output.width * channels, |row, y| {
        let at = row % output.height;
        let (rows, first_row) = valid_taps(at, window.kernel[0], window.strides[0], window.dilations[0], window.top, input.height);
        let line = Line {
            conv,
            packed,
            x: &x[row / output.height * input.size()..][..input.size()],
            residual: residual.map(|residual| &residual[row * output.width * channels..][..y.len()]),
            rows,
            first_row,
            low,
            high,
        };
        let done = match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 | Instructions::Avx512 => avx2::line(&line, y),
            Instructions::Portable => 0,
        };
        portable(&line, done..channels, y);
        conv.activation.finish(y);
    });
}

/// Any channels, in plain Rust.
fn portable(line: &Line, strip: Range<usize>, y: &mut [f32]) {
    if strip.is_empty() {
        return;
    }
    let channels = line.conv.input.channels;
    for (at, pixel) in y.chunks_exact_mut(channels).enumerate() {
        let pixel = &mut pixel[strip.clone()];
        pixel.copy_from_slice(&line.packed.bias[strip.clone()]);
        let (columns, first_column) = line.columns(at);
        for (row, tap_y) in line.rows.clone().enumerate() {
            for (column, tap_x) in columns.clone().enumerate() {
                let x = &line.x[line.source(row, column, first_column)..][strip.clone()];
                let weight = &line.packed.taps[(tap_y * line.conv.window.kernel[1] + tap_x) * channels..][strip.clone()];
                for ((y, &x), &weight) in pixel.iter_mut().zip(x).zip(weight) {
                    *y += x * weight;
                }
            }
        }
        if let Some(residual) = line.residual {
            for (y, &value) in pixel.iter_mut().zip(&residual[at * channels..][strip.clone()]) {
                *y += value;
            }
        }
        for y in pixel {
            *y = clamp(*y, line.low, line.high);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::Line;
    use std::arch::x86_64::*;
    use std::ops::Range;

    /// Makes all channels that fill instructions of 8, and returns how many those are.
    pub fn line(line: &Line, y: &mut [f32]) -> usize {
        let channels = line.conv.input.channels;
        let mut start = 0;
        // SAFETY: this module is only entered where the CPU has AVX2 and FMA; `start + 8 · V <= channels`.
        unsafe {
            while start + 32 <= channels {
                strip::<4>(line, start, y);
                start += 32;
            }
            if start + 16 <= channels {
                strip::<2>(line, start, y);
                start += 16;
            }
            if start + 8 <= channels {
                strip::<1>(line, start, y);
                start += 8;
            }
        }
        start
    }

    /// # Safety
    /// The CPU has AVX2 and FMA, `start + 8 * V <= channels`.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn strip<const V: usize>(line: &Line, start: usize, y: &mut [f32]) {
        let width = line.conv.output.width;
        let mut at = 0;
        while at < width {
            let (columns, first) = line.columns(at);
            // SAFETY: `at` (and `at + 1`) are pixels of the row; the taps are those that meet the input.
            unsafe {
                if at + 1 < width && line.columns(at + 1).0 == columns {
                    let step = line.columns(at + 1).1 - first;
                    pixels::<2, V>(line, start, at, columns, first, step, y);
                    at += 2;
                } else {
                    pixels::<1, V>(line, start, at, columns, first, 0, y);
                    at += 1;
                }
            }
        }
    }

    /// `P` neighbouring pixels from `at` whose taps are the same; their first columns lie `step` apart.
    ///
    /// # Safety
    /// The CPU has AVX2 and FMA, `start + 8 * V <= channels`, `at + P <= width`, and `columns` are taps that meet
    /// the input from column `first`.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn pixels<const P: usize, const V: usize>(
        line: &Line,
        start: usize,
        at: usize,
        columns: Range<usize>,
        first: usize,
        step: usize,
        y: &mut [f32],
    ) {
        let channels = line.conv.input.channels;
        let stride_x = line.conv.window.dilations[1] * channels;
        let mut sums = [[_mm256_setzero_ps(); V]; P];
        let bias = &line.packed.bias[start..start + 8 * V];
        for v in 0..V {
            // SAFETY: `bias` was cut to 8 · V floats.
            let value = unsafe { _mm256_loadu_ps(bias.as_ptr().add(8 * v)) };
            for sums in &mut sums {
                sums[v] = value;
            }
        }
        let count = columns.len();
        for (row, tap_y) in line.rows.clone().enumerate().take(if count == 0 { 0 } else { usize::MAX }) {
            // The slices hold what the loop below reads, so a mistake in the geometry panics here.
            let from = line.source(row, 0, first) + start;
            let x = &line.x[from..from + (P - 1) * step * channels + (count - 1) * stride_x + 8 * V];
            let from = (tap_y * line.conv.window.kernel[1] + columns.start) * channels + start;
            let weights = &line.packed.taps[from..from + (count - 1) * channels + 8 * V];
            for column in 0..count {
                // SAFETY: within the slices above: pixel < P, column < count, v < V.
                unsafe {
                    let weights = weights.as_ptr().add(column * channels);
                    let x = x.as_ptr().add(column * stride_x);
                    for v in 0..V {
                        let weight = _mm256_loadu_ps(weights.add(8 * v));
                        for pixel in 0..P {
                            let x = _mm256_loadu_ps(x.add(pixel * step * channels + 8 * v));
                            sums[pixel][v] = _mm256_fmadd_ps(x, weight, sums[pixel][v]);
                        }
                    }
                }
            }
        }
        let (low, high) = (_mm256_set1_ps(line.low), _mm256_set1_ps(line.high));
        for pixel in 0..P {
            let offset = (at + pixel) * channels + start;
            let target = &mut y[offset..offset + 8 * V];
            let residual = line.residual.map(|residual| &residual[offset..offset + 8 * V]);
            for v in 0..V {
                // SAFETY: both slices were cut to 8 · V floats.
                unsafe {
                    let mut sum = sums[pixel][v];
                    if let Some(residual) = residual {
                        sum = _mm256_add_ps(sum, _mm256_loadu_ps(residual.as_ptr().add(8 * v)));
                    }
                    // min and max return their second operand where one is NaN, so a NaN stays.
                    sum = _mm256_min_ps(high, _mm256_max_ps(low, sum));
                    _mm256_storeu_ps(target.as_mut_ptr().add(8 * v), sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::valid_taps;

    #[test]
    fn taps_that_meet_the_input_are_found() {
        for (kernel, stride, dilation, before, size) in
            [(3, 1, 1, 1, 5), (3, 2, 1, 0, 6), (5, 1, 2, 4, 3), (4, 3, 3, 7, 2), (1, 1, 1, 3, 1)]
        {
            for at in 0..12 {
                let meets = |tap: &usize| (at * stride + tap * dilation).checked_sub(before).is_some_and(|from| from < size);
                let expected: Vec<usize> = (0..kernel).filter(meets).collect();
                let (taps, first) = valid_taps(at, kernel, stride, dilation, before, size);
                assert_eq!(taps.clone().collect::<Vec<_>>(), expected);
                if let Some(tap) = expected.first() {
                    assert_eq!(first, at * stride + tap * dilation - before);
                }
            }
        }
    }
}

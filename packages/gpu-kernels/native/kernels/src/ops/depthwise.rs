//! Depthwise convolution: one filter a channel. Vectorised over channels; bound by loads, not by arithmetic.
//!
//! A row of output is made in strips of 32 channels, so that the input rows that its taps read stay in the first
//! cache level; within a strip two neighbouring pixels share each load of a weight.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

use super::elementwise::clamp;
use crate::chain::Band;
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
    pub fn new(conv: &Conv, weight: &[f32], bias: Option<Vec<f32>>) -> Result<Self> {
        let channels = conv.input.channels;
        let mut taps = crate::error::allocate(weight.len(), "packed weights")?;
        for (channel, filter) in weight.chunks_exact(weight.len() / channels).enumerate() {
            for (tap, &value) in filter.iter().enumerate() {
                taps[tap * channels + channel] = value;
            }
        }
        Ok(PackedDepthwise { taps, bias: bias.unwrap_or_else(|| vec![0.0; channels]) })
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
    /// One item, or rows of it from the one that `first_row` counts from.
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
    band: Band,
    instructions: Instructions,
) {
    let channels = conv.input.channels;
    let (input, output, window) = (conv.input, conv.output, conv.window);
    let (low, high) = conv.activation.clamp();
    mode.chunks(y, output.width * channels, |row, y| {
        let at = (row + band.first) % output.height;
        let (rows, first_row) = valid_taps(at, window.kernel[0], window.strides[0], window.dilations[0], window.top, input.height);
        let x = &x[row / output.height * input.size()..];
        let line = Line {
            conv,
            packed,
            x: &x[..x.len().min(input.size())],
            residual: residual.map(|residual| &residual[row * output.width * channels..][..y.len()]),
            rows,
            first_row: first_row.saturating_sub(band.origin),
            low,
            high,
        };
        let done = match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 if avx512::suits(&line) => avx512::line(&line, y),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 | Instructions::Avx512 => avx2::line(&line, y),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => neon::line(&line, y),
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

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
use crate::gemm::{Instructions, Output};
use crate::program::{Activation, Conv};
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
    /// Floats from one pixel of x to the next.
    stride: usize,
    /// Channels to be made. x begins with the first of them.
    channels: Range<usize>,
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

    /// Offset of channel `start` under tap row `row` and tap column `column` of the valid ones.
    fn source(&self, row: usize, column: usize, first_column: usize, start: usize) -> usize {
        let Conv { input, window, .. } = self.conv;
        let y = self.first_row + row * window.dilations[0];
        let x = first_column + column * window.dilations[1];
        (y * input.width + x) * self.stride + start - self.channels.start
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
    let row = conv.output.width * conv.output.channels;
    let rows = y.len() / row;
    let y = Output::new(y);
    let (size, height) = (conv.input.size(), conv.output.height);
    mode.tasks(rows, |index| {
        let x = &x[index / height * size..];
        let x = Source { floats: &x[..x.len().min(size)], stride: conv.input.channels, origin: band.origin };
        let residual = residual.map(|residual| &residual[index * row..][..row]);
        let job = Job { conv, packed, channels: 0..conv.input.channels, instructions };
        // SAFETY: each task has its own row, and `y` is borrowed mutably until all have ended.
        unsafe { job.line((index + band.first) % height, x, residual, y.from(index * row)) };
    });
}

/// Where the input of some channels lies.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// One item, or rows of it from row `origin`; from the first of the channels.
    pub floats: &'a [f32],
    /// Floats from one pixel to the next.
    pub stride: usize,
    pub origin: usize,
}

/// Some channels of a convolution.
pub struct Job<'a> {
    pub conv: &'a Conv,
    pub packed: &'a PackedDepthwise,
    pub channels: Range<usize>,
    pub instructions: Instructions,
}

impl Job<'_> {
    /// Row `at` of an item; `y` and `residual` begin with it.
    ///
    /// # Safety
    /// Nobody else reads or writes these channels of that row meanwhile.
    pub unsafe fn line(&self, at: usize, x: Source, residual: Option<&[f32]>, y: Output) {
        let Conv { input, window, activation, .. } = self.conv;
        let (rows, first_row) = valid_taps(at, window.kernel[0], window.strides[0], window.dilations[0], window.top, input.height);
        let (low, high) = activation.clamp();
        let line = Line {
            conv: self.conv,
            packed: self.packed,
            x: x.floats,
            stride: x.stride,
            channels: self.channels.clone(),
            residual,
            rows,
            first_row: first_row.saturating_sub(x.origin),
            low,
            high,
        };
        let done = match self.instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 if avx512::suits(&line) => avx512::line(&line, y),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 | Instructions::Avx512 => avx2::line(&line, y),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => neon::line(&line, y),
            Instructions::Portable => self.channels.start,
        };
        portable(&line, done..self.channels.end, y);
        if let Activation::Function(_) = activation {
            let channels = self.conv.output.channels;
            for pixel in 0..self.conv.output.width {
                // SAFETY: the caller's promise.
                activation.finish(unsafe { y.part(pixel * channels + self.channels.start, self.channels.len()) });
            }
        }
    }
}

/// Any channels, in plain Rust.
fn portable(line: &Line, strip: Range<usize>, y: Output) {
    if strip.is_empty() {
        return;
    }
    let channels = line.conv.input.channels;
    for at in 0..line.conv.output.width {
        // SAFETY: channels of the line, which are the caller's.
        let pixel = unsafe { y.part(at * channels + strip.start, strip.len()) };
        pixel.copy_from_slice(&line.packed.bias[strip.clone()]);
        let (columns, first_column) = line.columns(at);
        for (row, tap_y) in line.rows.clone().enumerate() {
            for (column, tap_x) in columns.clone().enumerate() {
                let x = &line.x[line.source(row, column, first_column, strip.start)..][..strip.len()];
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

//! 3x3 windows of stride 1 or 2 in vectors of 16 channels: the nine weights stay in registers for a row of output, and
//! neighbouring pixels share the inputs that both read.

use super::Line;
use crate::gemm::Output;
use std::arch::x86_64::*;
use std::ops::Range;

const LANES: usize = 16;
/// Neighbouring pixels that are made together.
const PIXELS: usize = 4;

/// Whether the window has the form, and at most one row of it lies outside of the input above and one below.
pub fn suits(line: &Line) -> bool {
    let window = &line.conv.window;
    let in_rows = matches!((line.rows.start, line.rows.end), (0 | 1, 2 | 3));
    window.kernel == [3, 3] && window.dilations == [1, 1] && matches!(window.strides[1], 1 | 2) && in_rows
}

/// Makes all channels that fill vectors of 16, and returns the channel after them. The line must suit.
pub fn line(line: &Line, y: Output) -> usize {
    let end = line.channels.start + line.channels.len() / LANES * LANES;
    let inner = inner(line);
    for start in (line.channels.start..end).step_by(LANES) {
        let inner = inner.clone();
        // SAFETY: this module is only entered where the CPU has AVX-512F, with a line that suits; `start + 16` is at most the
        // end of its channels.
        unsafe {
            match (line.conv.window.strides[1], line.rows.start, line.rows.end) {
                (1, 0, 3) => strip::<1, 0, 3>(line, start, inner, y),
                (1, 1, 3) => strip::<1, 1, 3>(line, start, inner, y),
                (1, 0, _) => strip::<1, 0, 2>(line, start, inner, y),
                (1, _, _) => strip::<1, 1, 2>(line, start, inner, y),
                (_, 0, 3) => strip::<2, 0, 3>(line, start, inner, y),
                (_, 1, 3) => strip::<2, 1, 3>(line, start, inner, y),
                (_, 0, _) => strip::<2, 0, 2>(line, start, inner, y),
                (_, _, _) => strip::<2, 1, 2>(line, start, inner, y),
            }
        }
    }
    end
}

/// Pixels whose three columns all meet the input.
fn inner(line: &Line) -> Range<usize> {
    let (input, width, left) = (line.conv.input.width, line.conv.output.width, line.conv.window.left);
    let stride = line.conv.window.strides[1];
    let first = left.div_ceil(stride).min(width);
    let end = (input + left).checked_sub(3).map_or(0, |last| last / stride + 1);
    first..end.clamp(first, width)
}

/// # Safety
/// The CPU has AVX-512F, `line` suits, has stride `S` and rows `TOP .. END`, and 16 channels from `start`.
#[target_feature(enable = "avx512f")]
unsafe fn strip<const S: usize, const TOP: usize, const END: usize>(line: &Line, start: usize, inner: Range<usize>, y: Output) {
    let channels = line.conv.input.channels;
    let weights: [__m512; 9] = std::array::from_fn(|tap| {
        let weights = &line.packed.taps[tap * channels + start..][..LANES];
        // SAFETY: a slice of 16 floats.
        unsafe { _mm512_loadu_ps(weights.as_ptr()) }
    });
    for at in (0..inner.start).chain(inner.end..line.conv.output.width) {
        // SAFETY: a pixel of the row.
        unsafe { edge(line, start, at, y) };
    }
    let mut at = inner.start;
    // SAFETY: these pixels have all their columns.
    unsafe {
        while at + PIXELS <= inner.end {
            pixels::<PIXELS, S, TOP, END>(line, start, at, &weights, y);
            at += PIXELS;
        }
        while at < inner.end {
            pixels::<1, S, TOP, END>(line, start, at, &weights, y);
            at += 1;
        }
    }
}

/// `P` neighbouring pixels from `at`.
///
/// # Safety
/// As for `strip`; all columns of the pixels meet the input.
#[inline(always)]
unsafe fn pixels<const P: usize, const S: usize, const TOP: usize, const END: usize>(
    line: &Line,
    start: usize,
    at: usize,
    weights: &[__m512; 9],
    y: Output,
) {
    let column = at * S - line.conv.window.left;
    let span = (P - 1) * S + 3;
    // SAFETY: every pointer is into a slice that was cut to hold what is read; the features are the caller's.
    unsafe {
        let mut sums = [_mm512_loadu_ps(line.packed.bias[start..start + LANES].as_ptr()); P];
        for row in 0..END - TOP {
            let from = line.source(row, 0, column, start);
            let x = line.x[from..from + (span - 1) * line.stride + LANES].as_ptr();
            for offset in 0..span {
                let x = _mm512_loadu_ps(x.add(offset * line.stride));
                for pixel in 0..P {
                    if let Some(tap @ 0..3) = offset.checked_sub(pixel * S) {
                        sums[pixel] = _mm512_fmadd_ps(x, weights[(TOP + row) * 3 + tap], sums[pixel]);
                    }
                }
            }
        }
        for pixel in 0..P {
            finish(line, start, at + pixel, sums[pixel], y);
        }
    }
}

/// A pixel some of whose columns lie outside of the input.
///
/// # Safety
/// As for `strip`; `at` is a pixel of the row.
#[inline(always)]
unsafe fn edge(line: &Line, start: usize, at: usize, y: Output) {
    let channels = line.conv.input.channels;
    let (columns, first) = line.columns(at);
    // SAFETY: every pointer is into a slice of 16 floats; the features are the caller's.
    unsafe {
        let mut sum = _mm512_loadu_ps(line.packed.bias[start..start + LANES].as_ptr());
        for (row, tap_y) in line.rows.clone().enumerate() {
            for (column, tap_x) in columns.clone().enumerate() {
                let x = &line.x[line.source(row, column, first, start)..][..LANES];
                let weight = &line.packed.taps[(tap_y * 3 + tap_x) * channels + start..][..LANES];
                sum = _mm512_fmadd_ps(_mm512_loadu_ps(x.as_ptr()), _mm512_loadu_ps(weight.as_ptr()), sum);
            }
        }
        finish(line, start, at, sum, y);
    }
}

/// Writes a pixel.
///
/// # Safety
/// As for `strip`; `at` is a pixel of the row.
#[inline(always)]
unsafe fn finish(line: &Line, start: usize, at: usize, sum: __m512, y: Output) {
    let offset = at * line.conv.input.channels + start;
    // SAFETY: every pointer is into a slice of 16 floats, in y of channels that are the caller's; the features are the caller's.
    unsafe {
        let mut sum = sum;
        if let Some(residual) = line.residual {
            sum = _mm512_add_ps(sum, _mm512_loadu_ps(residual[offset..offset + LANES].as_ptr()));
        }
        // min and max return their second operand where one is NaN, so a NaN stays.
        sum = _mm512_min_ps(_mm512_set1_ps(line.high), _mm512_max_ps(_mm512_set1_ps(line.low), sum));
        _mm512_storeu_ps(y.part(offset, LANES).as_mut_ptr(), sum);
    }
}

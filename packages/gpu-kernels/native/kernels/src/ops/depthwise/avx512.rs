//! 3x3 windows of stride 1 or 2 in vectors of 16 channels: the nine weights stay in registers for a row of output, and
//! neighbouring pixels share the inputs that both read.

use super::{Line, avx2};
use std::arch::x86_64::*;

const LANES: usize = 16;
/// Neighbouring pixels that are made together.
const PIXELS: usize = 4;

/// Whether all three rows of the window meet the input, and the window has the form.
pub fn suits(line: &Line) -> bool {
    let window = &line.conv.window;
    window.kernel == [3, 3] && window.dilations == [1, 1] && matches!(window.strides[1], 1 | 2) && line.rows == (0..3)
}

/// Makes all channels that fill vectors of 16, and returns how many those are. The line must suit.
pub fn line(line: &Line, y: &mut [f32]) -> usize {
    let channels = line.conv.input.channels / LANES * LANES;
    for start in (0..channels).step_by(LANES) {
        // SAFETY: this module is only entered where the CPU has AVX-512F (which implies AVX2 and FMA), with a line that
        // suits; `start + 16 <= channels`.
        unsafe {
            match line.conv.window.strides[1] {
                1 => strip::<1>(line, start, y),
                _ => strip::<2>(line, start, y),
            }
        }
    }
    channels
}

/// # Safety
/// The CPU has AVX-512F, `line` suits and has stride `S`, `start + 16 <= channels`.
#[target_feature(enable = "avx512f")]
unsafe fn strip<const S: usize>(line: &Line, start: usize, y: &mut [f32]) {
    let (input, width, left) = (line.conv.input, line.conv.output.width, line.conv.window.left);
    let channels = input.channels;
    let weights: [__m512; 9] = std::array::from_fn(|tap| {
        let weights = &line.packed.taps[tap * channels + start..][..LANES];
        // SAFETY: a slice of 16 floats.
        unsafe { _mm512_loadu_ps(weights.as_ptr()) }
    });
    // Pixels whose three columns all meet the input.
    let first = left.div_ceil(S).min(width);
    let end = ((input.width + left).saturating_sub(3) / S + 1).clamp(first, width);
    let end = if input.width + left < 3 { first } else { end };
    for at in (0..first).chain(end..width) {
        let (columns, column) = line.columns(at);
        // SAFETY: `at` is a pixel of the row, the taps are those that meet the input, and 16 channels are two vectors.
        unsafe { avx2::pixels::<1, 2>(line, start, at, columns, column, 0, y) };
    }
    let mut at = first;
    // SAFETY: pixels from `first` to `end` have all their columns.
    unsafe {
        while at + PIXELS <= end {
            pixels::<PIXELS, S>(line, start, at, &weights, y);
            at += PIXELS;
        }
        while at < end {
            pixels::<1, S>(line, start, at, &weights, y);
            at += 1;
        }
    }
}

/// `P` neighbouring pixels from `at`.
///
/// # Safety
/// As for `strip`; all columns of the pixels meet the input.
#[inline(always)]
unsafe fn pixels<const P: usize, const S: usize>(line: &Line, start: usize, at: usize, weights: &[__m512; 9], y: &mut [f32]) {
    let (channels, width) = (line.conv.input.channels, line.conv.input.width);
    let column = at * S - line.conv.window.left;
    let span = (P - 1) * S + 3;
    // SAFETY: every pointer is into a slice that was cut to hold what is read or written; the features are the caller's.
    unsafe {
        let mut sums = [_mm512_loadu_ps(line.packed.bias[start..start + LANES].as_ptr()); P];
        for row in 0..3 {
            let from = ((line.first_row + row) * width + column) * channels + start;
            let x = line.x[from..from + (span - 1) * channels + LANES].as_ptr();
            for offset in 0..span {
                let x = _mm512_loadu_ps(x.add(offset * channels));
                for pixel in 0..P {
                    if let Some(tap @ 0..3) = offset.checked_sub(pixel * S) {
                        sums[pixel] = _mm512_fmadd_ps(x, weights[row * 3 + tap], sums[pixel]);
                    }
                }
            }
        }
        let (low, high) = (_mm512_set1_ps(line.low), _mm512_set1_ps(line.high));
        for pixel in 0..P {
            let offset = (at + pixel) * channels + start;
            let mut sum = sums[pixel];
            if let Some(residual) = line.residual {
                sum = _mm512_add_ps(sum, _mm512_loadu_ps(residual[offset..offset + LANES].as_ptr()));
            }
            // min and max return their second operand where one is NaN, so a NaN stays.
            sum = _mm512_min_ps(high, _mm512_max_ps(low, sum));
            _mm512_storeu_ps(y[offset..offset + LANES].as_mut_ptr(), sum);
        }
    }
}

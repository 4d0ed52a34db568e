//! Any window, in instructions of 4 channels; two neighbouring pixels share each load of a weight.

use super::Line;
use crate::gemm::Output;
use std::arch::aarch64::*;
use std::ops::Range;

/// Makes all channels that fill instructions of 4, and returns the channel after them.
pub fn line(line: &Line, y: Output) -> usize {
    let channels = line.channels.end;
    let mut start = line.channels.start;
    // SAFETY: this module is only entered where the CPU has NEON; `start + 4 · V <= channels`.
    unsafe {
        while start + 32 <= channels {
            strip::<8>(line, start, y);
            start += 32;
        }
        if start + 16 <= channels {
            strip::<4>(line, start, y);
            start += 16;
        }
        if start + 8 <= channels {
            strip::<2>(line, start, y);
            start += 8;
        }
        if start + 4 <= channels {
            strip::<1>(line, start, y);
            start += 4;
        }
    }
    start
}

/// # Safety
/// The CPU has NEON, `start + 4 * V <= channels`.
#[target_feature(enable = "neon")]
unsafe fn strip<const V: usize>(line: &Line, start: usize, y: Output) {
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
/// The CPU has NEON, `start + 4 * V <= channels`, `at + P <= width`, and `columns` are taps that meet the input from
/// column `first`.
#[target_feature(enable = "neon")]
unsafe fn pixels<const P: usize, const V: usize>(
    line: &Line,
    start: usize,
    at: usize,
    columns: Range<usize>,
    first: usize,
    step: usize,
    y: Output,
) {
    let channels = line.conv.input.channels;
    let (pixel_x, stride_x) = (step * line.stride, line.conv.window.dilations[1] * line.stride);
    let bias = &line.packed.bias[start..start + 4 * V];
    // SAFETY: `bias` was cut to 4 · V floats.
    let mut sums: [[float32x4_t; V]; P] = [std::array::from_fn(|v| unsafe { vld1q_f32(bias.as_ptr().add(4 * v)) }); P];
    let count = columns.len();
    for (row, tap_y) in line.rows.clone().enumerate().take(if count == 0 { 0 } else { usize::MAX }) {
        // The slices hold what the loop below reads, so a mistake in the geometry panics here.
        let from = line.source(row, 0, first, start);
        let x = &line.x[from..from + (P - 1) * pixel_x + (count - 1) * stride_x + 4 * V];
        let from = (tap_y * line.conv.window.kernel[1] + columns.start) * channels + start;
        let weights = &line.packed.taps[from..from + (count - 1) * channels + 4 * V];
        for column in 0..count {
            // SAFETY: within the slices above: pixel < P, column < count, v < V.
            unsafe {
                let weights = weights.as_ptr().add(column * channels);
                let x = x.as_ptr().add(column * stride_x);
                for v in 0..V {
                    let weight = vld1q_f32(weights.add(4 * v));
                    for pixel in 0..P {
                        sums[pixel][v] = vfmaq_f32(sums[pixel][v], vld1q_f32(x.add(pixel * pixel_x + 4 * v)), weight);
                    }
                }
            }
        }
    }
    let (low, high) = (vdupq_n_f32(line.low), vdupq_n_f32(line.high));
    for pixel in 0..P {
        let offset = (at + pixel) * channels + start;
        // SAFETY: channels of the line, which are the caller's.
        let target = unsafe { y.part(offset, 4 * V) };
        let residual = line.residual.map(|residual| &residual[offset..offset + 4 * V]);
        for v in 0..V {
            // SAFETY: both slices were cut to 4 · V floats.
            unsafe {
                let mut sum = sums[pixel][v];
                if let Some(residual) = residual {
                    sum = vaddq_f32(sum, vld1q_f32(residual.as_ptr().add(4 * v)));
                }
                // min and max give NaN where an operand is one, so a NaN stays.
                vst1q_f32(target.as_mut_ptr().add(4 * v), vminq_f32(high, vmaxq_f32(low, sum)));
            }
        }
    }
}

//! Max and mean over sliding windows.

use crate::program::{Extent, Window};
use crate::threads::Mode;
use std::ops::Range;

/// Padding after the last row and column, which a mean that counts padding needs.
#[derive(Clone, Copy)]
pub struct Ends {
    pub bottom: usize,
    pub right: usize,
}

/// A window that lies in padding alone gives -Infinity as maximum and 0 as mean.
pub fn pool(mode: Mode, x: &[f32], input: Extent, output: Extent, window: Window, maximum: bool, counted: Option<Ends>, y: &mut [f32]) {
    let channels = input.channels;
    mode.chunks(y, output.width * channels, |row, y| {
        let x = &x[row / output.height * input.size()..][..input.size()];
        let at_y = row % output.height;
        let rows = taps(at_y, window.strides[0], window.top, window.kernel[0], input.height);
        for (at_x, pixel) in y.chunks_exact_mut(channels).enumerate() {
            let columns = taps(at_x, window.strides[1], window.left, window.kernel[1], input.width);
            pixel.fill(if maximum { f32::NEG_INFINITY } else { 0.0 });
            for from_y in rows.clone() {
                for from_x in columns.clone() {
                    let source = &x[(from_y * input.width + from_x) * channels..][..channels];
                    if maximum {
                        for (y, &x) in pixel.iter_mut().zip(source) {
                            *y = if x > *y || x.is_nan() { x } else { *y };
                        }
                    } else {
                        for (y, &x) in pixel.iter_mut().zip(source) {
                            *y += x;
                        }
                    }
                }
            }
            if !maximum {
                let count = match counted {
                    Some(ends) => {
                        let end = |at: usize, axis: usize, limit: usize| (at * window.strides[axis] + window.kernel[axis]).min(limit);
                        let bottom = end(at_y, 0, window.top + input.height + ends.bottom);
                        let right = end(at_x, 1, window.left + input.width + ends.right);
                        (bottom - at_y * window.strides[0]) * (right - at_x * window.strides[1])
                    }
                    None => rows.len() * columns.len(),
                };
                let divisor = count.max(1) as f32;
                for y in pixel.iter_mut() {
                    *y /= divisor;
                }
            }
        }
    });
}

/// Which of the input's rows (or columns) the window at `at` covers.
fn taps(at: usize, stride: usize, before: usize, kernel: usize, size: usize) -> Range<usize> {
    let start = at * stride;
    let first = start.saturating_sub(before).min(size);
    let end = (start + kernel).saturating_sub(before).min(size);
    first..end.max(first)
}

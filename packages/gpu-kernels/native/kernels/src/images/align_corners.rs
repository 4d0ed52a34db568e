//! Bilinear resize in float32 without antialias, corners on corners: TensorFlow 1's `resize_bilinear` with
//! `align_corners=True`. Order of operations as there; nothing is fused, so results are equal to the bit.

use super::Window;
use crate::error::{Result, allocate};
use crate::threads::Mode;

pub struct Source<'a, T> {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub data: &'a [T],
}

/// Lower and upper neighbour, and how far between them.
#[derive(Clone, Copy)]
struct Between {
    lower: usize,
    upper: usize,
    fraction: f32,
}

fn between(input: usize, output: usize, start: usize, length: usize) -> Vec<Between> {
    let scale = if output > 1 { (input - 1) as f32 / (output - 1) as f32 } else { input as f32 / output as f32 };
    (start..start + length)
        .map(|at| {
            let position = at as f32 * scale;
            let floor = position.floor();
            let lower = (floor as usize).min(input - 1);
            Between { lower, upper: (position.ceil() as usize).min(input - 1), fraction: position - floor }
        })
        .collect()
}

/// Three channels out; a fourth is not read.
pub fn resize<T: Copy + Sync>(mode: Mode, source: &Source<T>, width: usize, height: usize, window: Window) -> Result<Vec<f32>>
where
    f32: From<T>,
{
    let columns = between(source.width, width, window.left, window.width);
    let rows = between(source.height, height, window.top, window.height);
    let mut resized = allocate(window.width * window.height * 3, "a resized image")?;
    mode.chunks(&mut resized, window.width * 3, |row, pixels| {
        let y = rows[row];
        let line = |at: usize| &source.data[at * source.width * source.channels..][..source.width * source.channels];
        let (upper_line, lower_line) = (line(y.lower), line(y.upper));
        for (pixel, x) in pixels.chunks_exact_mut(3).zip(&columns) {
            let (left, right) = (x.lower * source.channels, x.upper * source.channels);
            for channel in 0..3 {
                let lerp = |line: &[T]| {
                    let (left, right) = (f32::from(line[left + channel]), f32::from(line[right + channel]));
                    left + (right - left) * x.fraction
                };
                let (top, bottom) = (lerp(upper_line), lerp(lower_line));
                pixel[channel] = top + (bottom - top) * y.fraction;
            }
        }
    });
    Ok(resized)
}

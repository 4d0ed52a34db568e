//! TensorFlow's bilinear resize in float32 without antialias: `resize_bilinear` with `align_corners`, and with
//! `half_pixel_centers`. Order of operations as there; nothing is fused, so results are equal to the bit.

use super::geometry::{Size, Window};
use super::taps::Source;
use crate::error::{Result, allocate};
use crate::threads::Mode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corners {
    Aligned,
    HalfPixel,
}

/// Lower and upper neighbour, and how far between them.
#[derive(Clone, Copy)]
struct Between {
    lower: usize,
    upper: usize,
    fraction: f32,
}

fn between(corners: Corners, input: usize, output: usize, start: usize, length: usize) -> Vec<Between> {
    let position = |at: usize| match corners {
        Corners::Aligned if output == 1 => 0.0,
        Corners::Aligned => at as f32 * ((input - 1) as f32 / (output - 1) as f32),
        Corners::HalfPixel => (at as f32 + 0.5) * (input as f32 / output as f32) - 0.5,
    };
    let entry = |at| {
        let position = position(at);
        let clamp = |at: f32| (at.max(0.0) as usize).min(input - 1);
        Between { lower: clamp(position.floor()), upper: clamp(position.ceil()), fraction: position - position.floor() }
    };
    (start..start + length).map(entry).collect()
}

/// The window of the image resized to `size`.
pub fn resize<T: Copy + Sync + Into<f32>>(
    mode: Mode,
    source: &Source<T>,
    corners: Corners,
    size: Size,
    window: Window,
) -> Result<Vec<f32>> {
    let columns = between(corners, source.width, size.0, window.left, window.width);
    let rows = between(corners, source.height, size.1, window.top, window.height);
    let channels = source.channels;
    let mut resized = allocate(window.width * window.height * channels, "a resized image")?;
    mode.chunks(&mut resized, window.width * channels, |row, pixels| {
        let y = rows[row];
        let line = |at: usize| &source.data[at * source.width * channels..][..source.width * channels];
        let (upper_line, lower_line) = (line(y.lower), line(y.upper));
        for (pixel, x) in pixels.chunks_exact_mut(channels).zip(&columns) {
            let (left, right) = (x.lower * channels, x.upper * channels);
            for (channel, target) in pixel.iter_mut().enumerate() {
                let lerp = |line: &[T]| {
                    let (left, right): (f32, f32) = (line[left + channel].into(), line[right + channel].into());
                    left + (right - left) * x.fraction
                };
                let (top, bottom) = (lerp(upper_line), lerp(lower_line));
                *target = top + (bottom - top) * y.fraction;
            }
        }
    });
    Ok(resized)
}

//! OpenCV's 8-bit resize, equal to the bit: INTER_LINEAR with 11-bit weights, and INTER_AREA. Formulas and their source
//! are in src/image-ops/opencv-tables.ts.

use super::geometry::{Size, Window};
use super::taps::FloatTaps;
use crate::error::{Result, allocate};
use crate::threads::Mode;

pub struct Source<'a> {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub data: &'a [u8],
}

#[derive(Clone, Copy)]
struct Between {
    lower: usize,
    upper: usize,
    weights: [i32; 2],
}

fn linear_position(index: usize, input: usize, output: usize) -> (isize, f32) {
    let scale = 1.0 / (output as f64 / input as f64);
    let position = ((index as f64 + 0.5) * scale - 0.5) as f32;
    (position.floor() as isize, position - position.floor())
}

/// INTER_AREA where it enlarges: linear, but flat over most of each input pixel.
fn area_position(index: usize, input: usize, output: usize) -> (isize, f32) {
    let inverse = output as f64 / input as f64;
    let lower = (index as f64 * (1.0 / inverse)).floor();
    let fraction = ((index as f64 + 1.0) - (lower + 1.0) * inverse) as f32;
    (lower as isize, if fraction <= 0.0 { 0.0 } else { fraction - fraction.floor() })
}

/// Along x (`moves`), positions outside are moved to the edge; along y only the rows that are read are.
fn table(input: usize, output: usize, start: usize, length: usize, is_area: bool, moves: bool) -> Vec<Between> {
    let last = input as isize - 1;
    let clamp = |at: isize| at.clamp(0, last) as usize;
    let weight = |fraction: f32| (fraction * 2048.0).round_ties_even() as i32;
    let entry = |index| {
        let (lower, found) = if is_area { area_position(index, input, output) } else { linear_position(index, input, output) };
        let fraction = if moves && (lower < 0 || lower >= last) { 0.0 } else { found };
        Between { lower: clamp(lower), upper: clamp(lower + 1), weights: [weight(1.0 - fraction), weight(fraction)] }
    };
    (start..start + length).map(entry).collect()
}

/// The window of the image resized to `size`.
pub fn resize(mode: Mode, source: &Source, is_area: bool, size: Size, window: Window) -> Result<Vec<u8>> {
    let ratio = |input: usize, output: usize| 1.0 / (output as f64 / input as f64);
    let (x, y) = (ratio(source.width, size.0), ratio(source.height, size.1));
    let is_whole = |ratio: f64| (ratio - ratio.round()).abs() < f64::EPSILON;
    let shrinks = is_area && x >= 1.0 && y >= 1.0;
    if (shrinks && is_whole(x) && is_whole(y)) || (x == 2.0 && y == 2.0) {
        return blocks(mode, source, (x.round() as usize, y.round() as usize), window);
    }
    if shrinks {
        return area(mode, source, size, window);
    }
    linear(mode, source, is_area, size, window)
}

fn linear(mode: Mode, source: &Source, is_area: bool, size: Size, window: Window) -> Result<Vec<u8>> {
    let columns = table(source.width, size.0, window.left, window.width, is_area, true);
    let rows = table(source.height, size.1, window.top, window.height, is_area, false);
    let channels = source.channels;
    let mut resized = allocate(window.width * window.height * channels, "a resized image")?;
    mode.chunks(&mut resized, window.width * channels, |row, target| {
        let line = |at: usize| &source.data[at * source.width * channels..][..source.width * channels];
        let (above, below) = (line(rows[row].lower), line(rows[row].upper));
        let [above_weight, below_weight] = rows[row].weights;
        for (pixel, x) in target.chunks_exact_mut(channels).zip(&columns) {
            let (left, right) = (x.lower * channels, x.upper * channels);
            for (channel, target) in pixel.iter_mut().enumerate() {
                let mix = |line: &[u8]| i32::from(line[left + channel]) * x.weights[0] + i32::from(line[right + channel]) * x.weights[1];
                let part = |line: &[u8], weight: i32| (weight * (mix(line) >> 4)) >> 16;
                *target = ((part(above, above_weight) + part(below, below_weight) + 2) >> 2) as u8;
            }
        }
    });
    Ok(resized)
}

/// Mean of blocks: 2 × 2 in integers, else times a float32 reciprocal, halves to even.
fn blocks(mode: Mode, source: &Source, (ratio_x, ratio_y): Size, window: Window) -> Result<Vec<u8>> {
    let inverse = 1.0 / (ratio_x * ratio_y) as f32;
    let channels = source.channels;
    let mut resized = allocate(window.width * window.height * channels, "a resized image")?;
    mode.chunks(&mut resized, window.width * channels, |row, target| {
        for (x, pixel) in target.chunks_exact_mut(channels).enumerate() {
            for (channel, target) in pixel.iter_mut().enumerate() {
                let mut sum = 0u32;
                for j in 0..ratio_y {
                    let line = ((window.top + row) * ratio_y + j) * source.width + (window.left + x) * ratio_x;
                    for i in 0..ratio_x {
                        sum += u32::from(source.data[(line + i) * channels + channel]);
                    }
                }
                *target = match (ratio_x, ratio_y) {
                    (2, 2) => ((sum + 2) >> 2) as u8,
                    _ => (sum as f32 * inverse).round_ties_even() as u8,
                };
            }
        }
    });
    Ok(resized)
}

fn area(mode: Mode, source: &Source, size: Size, window: Window) -> Result<Vec<u8>> {
    let image = super::taps::Source { width: source.width, height: source.height, channels: source.channels, data: source.data };
    let floats = super::taps::resize(mode, &image, size, window, &FloatTaps::area)?;
    let mut resized = allocate(floats.len(), "a resized image")?;
    for (target, value) in resized.iter_mut().zip(floats) {
        *target = value.round_ties_even().clamp(0.0, 255.0) as u8;
    }
    Ok(resized)
}

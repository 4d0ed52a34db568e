//! Index maps along one axis: where each output pixel comes from, or nowhere. The same rules, with their sources, as
//! src/image-ops/axis-maps.ts.

use super::step::PadMode;
use std::ops::Range;

pub type Map = Vec<Option<usize>>;

/// `length` inputs from `start`; indices outside are nowhere.
pub fn crop(size: usize, start: isize, length: usize) -> Map {
    (0..length as isize).map(|index| usize::try_from(index + start).ok().filter(|&from| from < size)).collect()
}

pub fn flip(size: usize) -> Map {
    (0..size).rev().map(Some).collect()
}

pub fn pad(size: usize, before: usize, after: usize, mode: PadMode) -> Map {
    (0..before + size + after).map(|index| pad_index(index as isize - before as isize, size as isize, mode)).collect()
}

fn pad_index(index: isize, size: isize, mode: PadMode) -> Option<usize> {
    let at = match mode {
        _ if (0..size).contains(&index) => index,
        PadMode::Constant => return None,
        PadMode::Replicate => index.clamp(0, size - 1),
        PadMode::Wrap => index.rem_euclid(size),
        PadMode::Symmetric => {
            let at = index.rem_euclid(2 * size);
            at.min(2 * size - 1 - at)
        }
        PadMode::Reflect => {
            let period = (2 * size - 2).max(1);
            let at = index.rem_euclid(period);
            if at < size { at } else { period - at }
        }
    };
    usize::try_from(at).ok()
}

/// Pillow's affine nearest: the position starts at half a step and grows by additions in float64. Of the outputs, as below, those of
/// `part` alone: a strip of one pixel by 65,535 may be enlarged to 30 million pixels of which a crop keeps few.
pub fn pillow_nearest(input: usize, output: usize, part: Range<usize>) -> Map {
    let scale = input as f64 / output as f64;
    let mut position = scale * 0.5;
    let mut next = || {
        let at = position as usize;
        position += scale;
        Some(at.min(input - 1))
    };
    (0..part.end).map(|_| next()).skip(part.start).collect()
}

pub fn opencv_nearest(input: usize, output: usize, part: Range<usize>) -> Map {
    let scale = 1.0 / (output as f64 / input as f64);
    part.map(|index| Some(((index as f64 * scale) as usize).min(input - 1))).collect()
}

/// torch's `nearest` (offset 0) and `nearest-exact` (offset ½), in float32.
pub fn torch_nearest(input: usize, output: usize, part: Range<usize>, offset: f32) -> Map {
    let scale = input as f32 / output as f32;
    part.map(|index| Some((((index as f32 + offset) * scale) as usize).min(input - 1))).collect()
}

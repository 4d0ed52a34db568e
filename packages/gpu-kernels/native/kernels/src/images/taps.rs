//! Resizes with float32 weights: torch's `interpolate`, and OpenCV's INTER_AREA at broken ratios. Formulas and their
//! sources are in src/image-ops/float-tables.ts and opencv-tables.ts. Nothing is fused: sums round as there.

use super::geometry::{Size, Window};
use crate::error::{Result, allocate};
use crate::threads::Mode;

/// Weights of the inputs of each output: the first input, and one weight for each from there.
pub struct FloatTaps(Vec<(usize, Vec<f32>)>);

/// A table for outputs `start .. start + length` of an axis resized from `input` to `output`.
pub type Table = dyn Fn(usize, usize, usize, usize) -> FloatTaps;

fn triangle(x: f32) -> f32 {
    (1.0 - x.abs()).max(0.0)
}

/// Keys' cubic between neighbours at distances below 1 and below 2.
fn inner(x: f32, a: f32) -> f32 {
    ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
}

fn outer(x: f32, a: f32) -> f32 {
    ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
}

fn cubic(x: f32) -> f32 {
    match x.abs() {
        x if x < 1.0 => inner(x, -0.5),
        x if x < 2.0 => outer(x, -0.5),
        _ => 0.0,
    }
}

impl FloatTaps {
    pub fn of(rows: Vec<(usize, Vec<f32>)>) -> Self {
        FloatTaps(rows)
    }

    pub fn rows(&self) -> &[(usize, Vec<f32>)] {
        &self.0
    }

    pub fn bilinear_antialias(input: usize, output: usize, start: usize, length: usize) -> Self {
        Self::antialias(input, output, start, length, triangle, 1.0)
    }

    pub fn bicubic_antialias(input: usize, output: usize, start: usize, length: usize) -> Self {
        Self::antialias(input, output, start, length, cubic, 2.0)
    }

    /// Pillow's method with float32 positions and weights.
    fn antialias(input: usize, output: usize, start: usize, length: usize, kernel: fn(f32) -> f32, support: f32) -> Self {
        let scale = input as f32 / output as f32;
        let support = support * scale.max(1.0);
        let inverse = if scale >= 1.0 { 1.0 / scale } else { 1.0 };
        let row = |index: usize| {
            let centre = (f64::from(scale) * (index as f64 + 0.5)) as f32;
            let first = (f64::from(centre - support) + 0.5).max(0.0) as usize;
            let end = ((f64::from(centre + support) + 0.5) as usize).min(input);
            let mut weights: Vec<f32> = (first..end).map(|at| kernel(((at as f32 - centre) + 0.5) * inverse)).collect();
            let sum: f32 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= sum);
            (first, weights)
        };
        FloatTaps((start..start + length).map(row).collect())
    }

    /// Two neighbours: position (i + ½) · scale − ½, not below 0.
    pub fn bilinear(input: usize, output: usize, start: usize, length: usize) -> Self {
        let scale = input as f32 / output as f32;
        let row = |index: usize| {
            let position = (scale * (index as f32 + 0.5) - 0.5).max(0.0);
            let lower = (position as usize).min(input - 1);
            let fraction = (position - lower as f32).min(1.0);
            clamped(lower as isize, &[1.0 - fraction, fraction], input)
        };
        FloatTaps((start..start + length).map(row).collect())
    }

    /// Keys' cubic with a = −0.75 over four neighbours. A position is rounded once, as torch's fused multiply-add does.
    pub fn bicubic(input: usize, output: usize, start: usize, length: usize) -> Self {
        const A: f32 = -0.75;
        let scale = input as f32 / output as f32;
        let row = |index: usize| {
            let position = (f64::from(scale) * (index as f64 + 0.5) - 0.5) as f32;
            let t = position - position.floor();
            let weights = [outer(t + 1.0, A), inner(t, A), inner(1.0 - t, A), outer(2.0 - t, A)];
            clamped(position.floor() as isize - 1, &weights, input)
        };
        FloatTaps((start..start + length).map(row).collect())
    }

    /// INTER_AREA where it shrinks by a ratio that is no whole number: the part of each input that an output covers.
    pub fn area(input: usize, output: usize, start: usize, length: usize) -> Self {
        let scale = 1.0 / (output as f64 / input as f64);
        let row = |index: usize| {
            let from = index as f64 * scale;
            let to = from + scale;
            let width = scale.min(input as f64 - from);
            let end = (to.floor() as usize).min(input - 1);
            let begin = (from.ceil() as usize).min(end);
            let mut weights = vec![(1.0 / width) as f32; end - begin];
            let mut first = begin;
            if begin as f64 - from > 1e-3 {
                weights.insert(0, ((begin as f64 - from) / width) as f32);
                first -= 1;
            }
            if to - end as f64 > 1e-3 {
                weights.push(((to - end as f64).min(1.0).min(width) / width) as f32);
            }
            (first, weights)
        };
        FloatTaps((start..start + length).map(row).collect())
    }

    /// Inputs that any output reads: from the first to behind the last.
    fn reach(&self) -> (usize, usize) {
        let end = self.0.iter().map(|(first, weights)| first + weights.len()).max().unwrap_or(0);
        (self.0.iter().map(|row| row.0).min().unwrap_or(0), end)
    }
}

/// Weights of neighbours from `lower`; those outside count for the edge.
fn clamped(lower: isize, weights: &[f32], input: usize) -> (usize, Vec<f32>) {
    let clamp = |at: isize| at.clamp(0, input as isize - 1) as usize;
    let first = clamp(lower);
    let mut merged = vec![0.0; clamp(lower + weights.len() as isize - 1) - first + 1];
    for (offset, weight) in weights.iter().enumerate() {
        merged[clamp(lower + offset as isize) - first] += weight;
    }
    (first, merged)
}

/// Channels lie side by side.
pub struct Source<'a, T> {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub data: &'a [T],
}

/// The window of the image resized to `size`: along x, then along y; a pass that changes nothing is left out.
pub fn resize<T: Copy + Sync + Into<f32>>(mode: Mode, source: &Source<T>, size: Size, window: Window, table: &Table) -> Result<Vec<f32>> {
    let down = (size.1 != source.height).then(|| table(source.height, size.1, window.top, window.height));
    let (first, end) = down.as_ref().map_or((window.top, window.top + window.height), FloatTaps::reach);
    let across = match size.0 == source.width {
        true => FloatTaps((window.left..window.left + window.width).map(|at| (at, vec![1.0])).collect()),
        false => table(source.width, size.0, window.left, window.width),
    };
    pass_both(mode, source, &across, down.as_ref(), first, end)
}

/// Along x for rows `first .. end`, then along y.
pub fn pass_both<T: Copy + Sync + Into<f32>>(
    mode: Mode,
    source: &Source<T>,
    across: &FloatTaps,
    down: Option<&FloatTaps>,
    first: usize,
    end: usize,
) -> Result<Vec<f32>> {
    let row_length = across.0.len() * source.channels;
    let mut narrowed = allocate((end - first) * row_length, "a resized image")?;
    mode.chunks(&mut narrowed, row_length, |row, target| {
        let line = &source.data[(first + row) * source.width * source.channels..][..source.width * source.channels];
        for (pixel, (start, weights)) in target.chunks_exact_mut(source.channels).zip(&across.0) {
            for (channel, target) in pixel.iter_mut().enumerate() {
                let inputs = line[start * source.channels + channel..].iter().step_by(source.channels);
                *target = weights.iter().zip(inputs).fold(0.0, |sum, (weight, &value)| sum + weight * value.into());
            }
        }
    });
    let Some(down) = down else { return Ok(narrowed) };
    let mut resized = allocate(down.0.len() * row_length, "a resized image")?;
    mode.chunks(&mut resized, row_length, |row, target| {
        let (start, weights) = &down.0[row];
        for (weight, line) in weights.iter().zip(narrowed[(start - first) * row_length..].chunks_exact(row_length)) {
            target.iter_mut().zip(line).for_each(|(target, value)| *target += weight * value);
        }
    });
    Ok(resized)
}

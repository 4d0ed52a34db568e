//! Layer, group, instance and root-mean-square normalisation: one loop over `[rows, pixels, groups, width]`.

use crate::check::Checker;
use crate::rules::{Fault, refuse_fault, size};
use crate::threads::Mode;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct PlanNormalise {
    x: i64,
    pixels: usize,
    groups: usize,
    width: usize,
    epsilon: f32,
    centred: bool,
    scale: Option<String>,
    bias: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Normalise {
    pub x: usize,
    pub scale: Option<usize>,
    pub bias: Option<usize>,
    pub pixels: usize,
    pub groups: usize,
    pub width: usize,
    pub epsilon: f32,
    pub centred: bool,
}

impl PlanNormalise {
    pub fn check(&self, checker: &Checker, step: &str, output: usize) -> Result<Normalise, Fault> {
        let x = checker.value(step, self.x)?;
        let shape = checker.shapes[x];
        let block = self.pixels.checked_mul(self.groups).and_then(|block| block.checked_mul(self.width));
        if !block.is_some_and(|block| block > 0 && size(shape).is_multiple_of(block)) {
            refuse_fault(format!(
                "Expected x of step `{step}` to be rows of {} pixels of {} groups of {} numbers, received {shape:?}.",
                self.pixels, self.groups, self.width
            ))?;
        }
        checker.expect_output(step, output, shape)?;
        let parameters = self.groups * self.width;
        Ok(Normalise {
            x,
            scale: checker.bias(step, self.scale.as_ref(), parameters)?,
            bias: checker.bias(step, self.bias.as_ref(), parameters)?,
            pixels: self.pixels,
            groups: self.groups,
            width: self.width,
            epsilon: self.epsilon,
            centred: self.centred,
        })
    }
}

pub fn normalise(mode: Mode, op: &Normalise, x: &[f32], scale: Option<&[f32]>, bias: Option<&[f32]>, y: &mut [f32]) {
    let block = op.pixels * op.groups * op.width;
    if op.pixels == 1 && op.groups == 1 {
        let rows = mode.chunk_length(y.len(), block).div_ceil(block);
        mode.chunks(y, rows * block, |chunk, y| {
            for (number, y) in y.chunks_exact_mut(block).enumerate() {
                layer(op, &x[(chunk * rows + number) * block..][..block], scale, bias, y);
            }
        });
        return;
    }
    for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
        grouped(mode, op, x, scale, bias, y);
    }
}

const LANES: usize = 8;

/// In float64, so that a row of any length keeps the bits of its mean; in eight sums, which the compiler vectorises.
fn sum_of(x: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0f64; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().map(|&x| term(f64::from(x))).sum();
    for chunk in chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum += term(f64::from(x));
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn layer(op: &Normalise, x: &[f32], scale: Option<&[f32]>, bias: Option<&[f32]>, y: &mut [f32]) {
    let count = x.len() as f64;
    let mean = if op.centred { sum_of(x, |x| x) / count } else { 0.0 };
    let variance = sum_of(x, |x| (x - mean) * (x - mean)) / count;
    let factor = (1.0 / (variance + f64::from(op.epsilon)).sqrt()) as f32;
    let mean = mean as f32;
    match (scale, bias) {
        (Some(scale), Some(bias)) => {
            for (((y, &x), &scale), &bias) in y.iter_mut().zip(x).zip(scale).zip(bias) {
                *y = (x - mean) * factor * scale + bias;
            }
        }
        _ => {
            for (i, (y, &x)) in y.iter_mut().zip(x).enumerate() {
                let scaled = (x - mean) * factor * scale.map_or(1.0, |scale| scale[i]);
                *y = scaled + bias.map_or(0.0, |bias| bias[i]);
            }
        }
    }
}

/// One item of an image: sums for every channel over all pixels, in two passes, then by group.
fn grouped(mode: Mode, op: &Normalise, x: &[f32], scale: Option<&[f32]>, bias: Option<&[f32]>, y: &mut [f32]) {
    let channels = op.groups * op.width;
    let count = (op.pixels * op.width) as f64;
    let mut sums = vec![0.0f64; channels];
    let by_group = |sums: &[f64]| -> Vec<f64> { sums.chunks_exact(op.width).map(|part| part.iter().sum::<f64>() / count).collect() };
    if op.centred {
        for pixel in x.chunks_exact(channels) {
            for (sum, &x) in sums.iter_mut().zip(pixel) {
                *sum += f64::from(x);
            }
        }
    }
    let means = by_group(&sums);
    let mean_of: Vec<f64> = (0..channels).map(|channel| means[channel / op.width]).collect();
    sums.fill(0.0);
    for pixel in x.chunks_exact(channels) {
        for ((sum, &x), mean) in sums.iter_mut().zip(pixel).zip(&mean_of) {
            *sum += (f64::from(x) - mean) * (f64::from(x) - mean);
        }
    }
    let variances = by_group(&sums);
    let deviation = |channel: usize| (variances[channel / op.width] + f64::from(op.epsilon)).sqrt();
    let factors: Vec<f32> =
        (0..channels).map(|channel| (scale.map_or(1.0, |scale| f64::from(scale[channel])) / deviation(channel)) as f32).collect();
    let means: Vec<f32> = mean_of.iter().map(|&mean| mean as f32).collect();
    let offsets: Vec<f32> = bias.map_or_else(|| vec![0.0; channels], <[f32]>::to_vec);
    let rows = mode.chunk_length(y.len(), channels).div_ceil(channels);
    mode.chunks(y, rows * channels, |chunk, y| {
        for (y, x) in y.chunks_exact_mut(channels).zip(x[chunk * rows * channels..].chunks_exact(channels)) {
            for ((((y, &x), &mean), &factor), &offset) in y.iter_mut().zip(x).zip(&means).zip(&factors).zip(&offsets) {
                *y = (x - mean) * factor + offset;
            }
        }
    });
}

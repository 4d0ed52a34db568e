//! Steps that draw: Gaussian noise, and patches by texture. src/image-ops/noise.ts and texture-stage.ts once more.

use super::geometry::{Size, hash};
use super::step::Keep;
use crate::error::{Result, allocate};
use crate::threads::Mode;

fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// P. J. Acklam's rational approximation of the normal quantile.
#[rustfmt::skip]
fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
    const B: [f64; 6] = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0];
    const C: [f64; 6] = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
    const D: [f64; 5] = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0];
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p < 0.02425 {
        let q = (-2.0 * p.ln()).sqrt();
        return polynomial(&C, q) / polynomial(&D, q);
    }
    let q = p - 0.5;
    polynomial(&A, q * q) * q / polynomial(&B, q * q)
}

/// Adds round(sigma · z) to each of the first `channels` samples of a pixel, z drawn from 4096 quantiles by seed and place.
pub fn add_gaussian(mode: Mode, data: &mut [u8], width: usize, (stride, channels): Size, sigma: f64, seed: u32) {
    let table: Vec<i32> = (0..4096).map(|i| (sigma * normal_quantile((f64::from(i) + 0.5) / 4096.0) + 0.5).floor() as i32).collect();
    mode.chunks(data, width * stride, |y, row| {
        for (x, pixel) in row.chunks_exact_mut(stride).enumerate() {
            for (channel, value) in pixel[..channels].iter_mut().enumerate() {
                let drawn = table[(hash(&[seed, x as u32, y as u32, channel as u32]) >> 20) as usize];
                *value = (i32::from(*value) + drawn).clamp(0, 255) as u8;
            }
        }
    });
}

pub struct Patches {
    pub size: usize,
    pub count: usize,
    pub keep: Keep,
    pub seed: u32,
    /// Of the tiled output.
    pub output: Size,
}

/// The richest or the poorest patches, row by row. `channels` bytes a pixel, all of them counted.
pub fn patches(data: &[u8], (width, height): Size, channels: usize, wanted: &Patches) -> Result<Vec<u8>> {
    let size = wanted.size;
    let place = |number: usize, axis: u32| {
        let excess = if axis == 0 { width - size } else { height - size };
        let drawn = u64::from(hash(&[wanted.seed, number as u32, width as u32, height as u32, axis]));
        ((drawn * (excess as u64 + 1)) >> 32) as usize
    };
    let mut ordered: Vec<(u32, usize, usize)> = (0..wanted.count)
        .map(|number| {
            let (left, top) = (place(number, 0), place(number, 1));
            (texture(data, width, channels, (left, top), size), left, top)
        })
        .collect();
    ordered.sort_by_key(|patch| patch.0); // stable: equal ones stay in the order of their numbers
    if wanted.keep == Keep::Rich {
        ordered.reverse();
    }
    let (out_width, out_height) = wanted.output;
    let mut tiled = allocate(out_width * out_height * channels, "tiled patches")?;
    for (y, row) in tiled.chunks_exact_mut(out_width * channels).enumerate() {
        for (column, target) in row.chunks_exact_mut(size * channels).enumerate() {
            let (_, left, top) = ordered[y / size * (out_width / size) + column];
            target.copy_from_slice(&data[((top + y % size) * width + left) * channels..][..size * channels]);
        }
    }
    Ok(tiled)
}

/// Sum of absolute differences between neighbours, in both directions and both diagonals.
fn texture(data: &[u8], width: usize, channels: usize, (left, top): Size, size: usize) -> u32 {
    let mut sum = 0;
    for y in 0..size {
        for x in 0..size {
            for channel in 0..channels {
                let at = |dx: usize, dy: usize| data[((top + y + dy) * width + left + x + dx) * channels + channel];
                if x + 1 < size {
                    sum += u32::from(at(0, 0).abs_diff(at(1, 0)));
                }
                if y + 1 < size {
                    sum += u32::from(at(0, 0).abs_diff(at(0, 1)));
                }
                if x + 1 < size && y + 1 < size {
                    sum += u32::from(at(0, 0).abs_diff(at(1, 1))) + u32::from(at(0, 1).abs_diff(at(1, 0)));
                }
            }
        }
    }
    sum
}

//! Linear transforms: tables as src/image-ops/transform-tables.ts, and a Fourier transform of mixed radix in float64.

use super::geometry::Size;
use super::maps;
use super::step::PadMode;
use super::taps::FloatTaps;
use crate::error::{Result, allocate};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Orthonormal DCT-II.
pub fn dct(length: usize) -> FloatTaps {
    let weight = |k: usize, i: usize| {
        let scale = (if k == 0 { 1.0 } else { 2.0 } / length as f64).sqrt();
        (scale * (PI * ((2 * i + 1) * k % (4 * length)) as f64 / (2 * length) as f64).cos()) as f32
    };
    FloatTaps::of((0..length).map(|k| (0, (0..length).map(|i| weight(k, i)).collect())).collect())
}

/// The analysis high-pass of bior1.3, which is Haar's: (x[2k − 2] − x[2k − 1]) / √2.
pub fn haar_high(length: usize) -> FloatTaps {
    mirrored(length, (length + 5) / 2, &[FRAC_1_SQRT_2, -FRAC_1_SQRT_2], |index| 2 * index - 2)
}

/// SciPy's `gaussian_filter1d`: radius int(4 sigma + ½).
pub fn gaussian(length: usize, sigma: f64) -> FloatTaps {
    let radius = (4.0 * sigma + 0.5) as isize;
    let mut row: Vec<f64> = (-radius..=radius).map(|at| (-((at * at) as f64) / (2.0 * sigma * sigma)).exp()).collect();
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|weight| *weight /= sum);
    mirrored(length, length, &row, |index| index - radius)
}

/// Taps of a row of weights from `first(index)`, edges mirrored with the edge itself.
fn mirrored(input: usize, output: usize, row: &[f64], first: impl Fn(isize) -> isize) -> FloatTaps {
    let margin = row.len() + 1;
    let map = maps::pad(input, margin, margin, PadMode::Symmetric);
    let taps = (0..output as isize).map(|index| {
        let from = |tap: usize| map[(first(index) + (tap + margin) as isize) as usize].unwrap_or(0);
        let start = (0..row.len()).map(from).min().unwrap_or(0);
        let end = (0..row.len()).map(from).max().unwrap_or(0);
        let mut weights = vec![0.0; end + 1 - start];
        row.iter().enumerate().for_each(|(tap, weight)| weights[from(tap) - start] += weight);
        (start, weights.into_iter().map(|weight: f64| weight as f32).collect())
    });
    FloatTaps::of(taps.collect())
}

/// Linear interpolation at `output` points from the first to the last input.
pub fn interpolation(input: usize, output: usize) -> FloatTaps {
    let row = |index: usize| {
        let position = if output == 1 { 0.0 } else { (index * (input - 1)) as f64 / (output - 1) as f64 };
        let first = (position as usize).min(input.saturating_sub(2));
        let fraction = position - first as f64;
        (first, [(1.0 - fraction) as f32, fraction as f32][..input.min(2)].to_vec())
    };
    FloatTaps::of((0..output).map(row).collect())
}

type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn conjugate((real, imaginary): Complex) -> Complex {
    (real, -imaginary)
}

/// Primes above are transformed as a convolution: by definition an image with a side of a large prime takes a hundred times as long.
const LARGEST_BY_DEFINITION: usize = 61;

/// A Fourier transform of one length: Cooley and Tukey's, by the smallest factor; what is prime by definition or as a convolution.
struct Fourier {
    /// exp(−2πi k / length).
    units: Vec<Complex>,
    /// Of the largest prime factor, which the recursion ends with.
    chirp: Option<Box<Chirp>>,
}

/// Bluestein's transform (L. I. Bluestein, 1970): as jk = (j² + k² − (k − j)²) / 2, a convolution with exp(πi j² / length),
/// which is done at a power of two.
struct Chirp {
    /// exp(πi j² / length).
    turns: Vec<Complex>,
    /// The transform of `turns` at −length < j < length, around the end of a power of two.
    spectrum: Vec<Complex>,
    whole: Fourier,
}

impl Chirp {
    fn new(length: usize) -> Self {
        let angle = |j: usize| PI * (j * j % (2 * length)) as f64 / length as f64;
        let turns: Vec<Complex> = (0..length).map(|j| (angle(j).cos(), angle(j).sin())).collect();
        let whole = Fourier::new((2 * length - 1).next_power_of_two());
        let mut around = vec![(0.0, 0.0); whole.units.len()];
        for (j, &turn) in turns.iter().enumerate() {
            let end = around.len();
            around[j] = turn;
            around[(end - j) % end] = turn;
        }
        Chirp { turns, spectrum: whole.run(&around), whole }
    }

    fn run(&self, values: impl Iterator<Item = Complex>, output: &mut [Complex]) {
        let mut turned = vec![(0.0, 0.0); self.spectrum.len()];
        for ((place, value), &turn) in turned.iter_mut().zip(values).zip(&self.turns) {
            *place = times(value, conjugate(turn));
        }
        let product: Vec<Complex> =
            self.whole.run(&turned).into_iter().zip(&self.spectrum).map(|(value, &factor)| conjugate(times(value, factor))).collect();
        // The inverse is the transform of the conjugate, conjugated, over the length.
        let scale = 1.0 / self.spectrum.len() as f64;
        for ((place, value), &turn) in output.iter_mut().zip(self.whole.run(&product)).zip(&self.turns) {
            let (real, imaginary) = times(conjugate(value), conjugate(turn));
            *place = (real * scale, imaginary * scale);
        }
    }
}

fn smallest_factor(length: usize) -> usize {
    (2..).take_while(|factor| factor * factor <= length).find(|factor| length.is_multiple_of(*factor)).unwrap_or(length)
}

fn largest_prime_factor(length: usize) -> usize {
    let factor = smallest_factor(length);
    if factor == length { length } else { largest_prime_factor(length / factor) }
}

impl Fourier {
    fn new(length: usize) -> Self {
        let angle = |k: usize| -2.0 * PI * k as f64 / length as f64;
        let prime = largest_prime_factor(length);
        Fourier {
            units: (0..length).map(|k| (angle(k).cos(), angle(k).sin())).collect(),
            chirp: (prime > LARGEST_BY_DEFINITION).then(|| Box::new(Chirp::new(prime))),
        }
    }

    fn run(&self, values: &[Complex]) -> Vec<Complex> {
        let mut output = vec![(0.0, 0.0); values.len()];
        self.part(values, 1, &mut output);
        output
    }

    /// The transform of every `stride`-th value.
    fn part(&self, values: &[Complex], stride: usize, output: &mut [Complex]) {
        let length = output.len();
        if length == 1 {
            output[0] = values[0];
            return;
        }
        let factor = smallest_factor(length);
        if let Some(chirp) = &self.chirp
            && factor == length
            && length > LARGEST_BY_DEFINITION
        {
            chirp.run(values.iter().step_by(stride).copied(), output);
            return;
        }
        let part = length / factor;
        for (number, output) in output.chunks_exact_mut(part).enumerate() {
            self.part(&values[number * stride..], stride * factor, output);
        }
        if factor == 2 {
            // The convolution of a large prime has no other factor.
            let (even, odd) = output.split_at_mut(part);
            for (k, (a, b)) in even.iter_mut().zip(odd).enumerate() {
                let turned = times(*b, self.units[k * stride]);
                (*a, *b) = ((a.0 + turned.0, a.1 + turned.1), (a.0 - turned.0, a.1 - turned.1));
            }
            return;
        }
        let roots: Vec<Complex> = (0..factor).map(|number| self.units[number * part * stride]).collect();
        let mut column = vec![(0.0, 0.0); factor];
        for k in 0..part {
            for (number, value) in column.iter_mut().enumerate() {
                *value = times(output[number * part + k], self.units[number * k * stride]);
            }
            for q in 0..factor {
                // The root of number · q, whose remainder a division would give a few times as slowly.
                let (mut sum, mut root) = ((0.0, 0.0), 0);
                for &value in &column {
                    let turned = times(value, roots[root]);
                    sum = (sum.0 + turned.0, sum.1 + turned.1);
                    root += q;
                    root -= if root >= factor { factor } else { 0 };
                }
                output[q * part + k] = sum;
            }
        }
    }
}

/// |DFT|² of each channel, zero frequency at (width / 2, height / 2).
pub fn power_spectrum(data: &[f32], (width, height): Size, channels: usize) -> Result<Vec<f32>> {
    let (along_x, along_y) = (Fourier::new(width), Fourier::new(height));
    let mut power = allocate(data.len(), "a spectrum")?;
    let mut rows: Vec<Complex> = allocate(width * height, "a spectrum")?;
    for channel in 0..channels {
        for (row, line) in rows.chunks_exact_mut(width).zip(data.chunks_exact(width * channels)) {
            let values: Vec<Complex> = line.iter().skip(channel).step_by(channels).map(|&value| (f64::from(value), 0.0)).collect();
            row.copy_from_slice(&along_x.run(&values));
        }
        for k in 0..width {
            let column: Vec<Complex> = rows.iter().skip(k).step_by(width).copied().collect();
            let x = (k + width / 2) % width;
            for (l, value) in along_y.run(&column).into_iter().enumerate() {
                power[((l + height / 2) % height * width + x) * channels + channel] = (value.0 * value.0 + value.1 * value.1) as f32;
            }
        }
    }
    Ok(power)
}

/// Means over rings floor(distance to the middle), from the inside; rings without a pixel are left out.
pub fn ring_means(data: &[f32], (width, height): Size, channels: usize) -> Vec<f32> {
    let square = |at: usize, centre: usize| at.abs_diff(centre).pow(2) as f64;
    let mut sums: Vec<(usize, Vec<f64>)> = Vec::new();
    for (at, pixel) in data.chunks_exact(channels).enumerate() {
        let ring = (square(at % width, width / 2) + square(at / width, height / 2)).sqrt() as usize;
        if sums.len() <= ring {
            sums.resize_with(ring + 1, || (0, vec![0.0; channels]));
        }
        sums[ring].0 += 1;
        sums[ring].1.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    let found = sums.iter().filter(|ring| ring.0 > 0);
    found.flat_map(|(count, sums)| sums.iter().map(|sum| (sum / *count as f64) as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Complex, Fourier, PI, times};

    /// 67 and 211 are prime, 2 · 499 and 7 · 67 end with a prime, 60 and 64 have small factors alone.
    #[test]
    fn a_fourier_transform_of_any_length_is_the_sum_that_defines_it() {
        for length in [1, 2, 60, 61, 64, 67, 211, 2 * 499, 7 * 67] {
            let values: Vec<Complex> = (0..length).map(|i| ((i * 37 % 251) as f64, (i * 11 % 17) as f64)).collect();
            for (k, found) in Fourier::new(length).run(&values).into_iter().enumerate() {
                let sum = values.iter().enumerate().fold((0.0, 0.0), |sum: Complex, (i, &value)| {
                    let angle = -2.0 * PI * (i * k % length) as f64 / length as f64;
                    let turned = times(value, (angle.cos(), angle.sin()));
                    (sum.0 + turned.0, sum.1 + turned.1)
                });
                assert!((sum.0 - found.0).hypot(sum.1 - found.1) < 1e-8, "{length}: {k} is {found:?}, not {sum:?}");
            }
        }
    }
}

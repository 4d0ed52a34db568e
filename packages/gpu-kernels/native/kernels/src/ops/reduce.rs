//! Means, sums and softmax. Sums are float64: the inputs may be a whole image long.

use crate::program::Reduction;
use crate::threads::Mode;

/// `[outer, length, inner]` → `[outer, 1, inner]`, the batch being part of `outer`.
pub fn reduce(mode: Mode, x: &[f32], length: usize, inner: usize, function: Reduction, y: &mut [f32]) {
    match function {
        Reduction::Mean => sums(mode, x, length, inner, length as f64, y),
        Reduction::Sum => sums(mode, x, length, inner, 1.0, y),
        // NaN in any place gives NaN.
        Reduction::Max => folds(mode, x, length, inner, y, |a, b| if b > a || b.is_nan() { b } else { a }),
        Reduction::Min => folds(mode, x, length, inner, y, |a, b| if b < a || b.is_nan() { b } else { a }),
        Reduction::Product => folds(mode, x, length, inner, y, |a, b| a * b),
    }
}

fn sums(mode: Mode, x: &[f32], length: usize, inner: usize, divisor: f64, y: &mut [f32]) {
    mode.chunks(y, inner, |outer, y| {
        let x = &x[outer * length * inner..][..length * inner];
        let mut sums = vec![0.0f64; inner];
        for row in x.chunks_exact(inner) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        for (y, sum) in y.iter_mut().zip(sums) {
            *y = (sum / divisor) as f32;
        }
    });
}

fn folds(mode: Mode, x: &[f32], length: usize, inner: usize, y: &mut [f32], join: impl Fn(f32, f32) -> f32 + Sync) {
    mode.chunks(y, inner, |outer, y| {
        let (first, rest) = x[outer * length * inner..][..length * inner].split_at(inner);
        y.copy_from_slice(first);
        for row in rest.chunks_exact(inner) {
            for (y, &value) in y.iter_mut().zip(row) {
                *y = join(*y, value);
            }
        }
    });
}

/// Over rows of `width`, the largest subtracted first so that exp cannot overflow.
pub fn softmax(mode: Mode, x: &[f32], width: usize, y: &mut [f32]) {
    mode.chunks(y, width, |row, y| {
        let x = &x[row * width..][..width];
        let largest = largest_of(x);
        let sum = exponentials(x, largest, y);
        let scale = (1.0 / sum) as f32;
        for y in y {
            *y *= scale;
        }
    });
}

/// Eight at a time, which the compiler makes vectors of. NaN is passed over.
fn largest_of(x: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 8];
    let chunks = x.chunks_exact(8);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, larger);
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, value);
        }
    }
    lanes.into_iter().fold(rest, larger)
}

/// y = e^(x - largest), and the sum of them.
fn exponentials(x: &[f32], largest: f32, y: &mut [f32]) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has both features.
        return unsafe { exponentials_avx2(x, largest, y) };
    }
    exponentials_portable(x, largest, y)
}

/// The same loop, compiled for vectors of eight.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn exponentials_avx2(x: &[f32], largest: f32, y: &mut [f32]) -> f64 {
    exponentials_portable(x, largest, y)
}

/// What lies 87 below the largest is 0 beside it in float32, as a mask of -infinity must be.
#[inline(always)]
fn exponentials_portable(x: &[f32], largest: f32, y: &mut [f32]) -> f64 {
    for (y, &x) in y.iter_mut().zip(x) {
        let below = x - largest;
        *y = if below < -87.0 { 0.0 } else { super::math::exp(below) };
    }
    let mut sums = [0.0f64; 8];
    let chunks = y.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|&y| f64::from(y)).sum();
    for chunk in chunks {
        for (sum, &y) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(y);
        }
    }
    sums.iter().sum::<f64>() + rest
}

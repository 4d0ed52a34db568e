//! Means, sums and softmax. Sums are float64: the inputs may be a whole image long.

use crate::threads::Mode;

/// `[outer, length, inner]` → `[outer, 1, inner]`, the batch being part of `outer`.
pub fn reduce(mode: Mode, x: &[f32], length: usize, inner: usize, mean: bool, y: &mut [f32]) {
    let divisor = if mean { length as f64 } else { 1.0 };
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

/// Over rows of `width`, the largest subtracted first so that exp cannot overflow.
pub fn softmax(mode: Mode, x: &[f32], width: usize, y: &mut [f32]) {
    mode.chunks(y, width, |row, y| {
        let x = &x[row * width..][..width];
        let largest = x.iter().fold(f32::NEG_INFINITY, |largest, &value| if value > largest { value } else { largest });
        let sum = exponentials(x, largest, y);
        let scale = (1.0 / sum) as f32;
        for y in y {
            *y *= scale;
        }
    });
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

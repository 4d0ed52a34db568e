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
        let mut sum = 0.0f64;
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - largest).exp();
            sum += f64::from(*y);
        }
        let scale = (1.0 / sum) as f32;
        for y in y {
            *y *= scale;
        }
    });
}

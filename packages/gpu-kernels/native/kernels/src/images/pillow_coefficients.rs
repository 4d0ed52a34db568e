//! Weights of Pillow's resize: float64, normalised, then integers of 22 bits.

use super::pillow::PRECISION_BITS;
use super::taps::FloatTaps;
use crate::error::{Result, allocate};
use std::f64::consts::PI;
use std::sync::{Arc, Mutex, PoisonError};

/// What `Coefficients::new` takes.
type Axis = (Kernel, usize, usize, usize, usize);

/// Coefficients of the last axes that were resized. Most images of a study have one size, and the sines of Lanczos for a large
/// image take a sixth of the time of its resize.
pub struct Kept(Mutex<Vec<(Axis, Arc<Coefficients>)>>);

pub static KEPT: Kept = Kept::new();

impl Kept {
    const MOST: usize = 16;

    const fn new() -> Self {
        Kept(Mutex::new(Vec::new()))
    }

    pub fn of(&self, axis: Axis) -> Result<Arc<Coefficients>> {
        // The list is whole after any panic.
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = lock().iter().find(|kept| kept.0 == axis) {
            return Ok(Arc::clone(found));
        }
        let (kernel, input, output, start, length) = axis;
        let made = Arc::new(Coefficients::new(kernel, input, output, start, length)?);
        let mut kept = lock();
        if kept.len() == Self::MOST {
            kept.remove(0);
        }
        kept.push((axis, Arc::clone(&made)));
        Ok(made)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    Box,
    Bilinear,
    Hamming,
    Bicubic,
    Lanczos,
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}

impl Kernel {
    fn support(self) -> f64 {
        match self {
            Kernel::Box => 0.5,
            Kernel::Bilinear | Kernel::Hamming => 1.0,
            Kernel::Bicubic => 2.0,
            Kernel::Lanczos => 3.0,
        }
    }

    /// Hamming's constants are float32 in Pillow; the cubic is Keys' with a = -0.5.
    fn weight(self, signed: f64) -> f64 {
        const A: f64 = -0.5;
        let x = signed.abs();
        match self {
            Kernel::Box if signed > -0.5 && signed <= 0.5 => 1.0,
            Kernel::Bilinear if x < 1.0 => 1.0 - x,
            Kernel::Hamming if x < 1.0 => sinc(x) * (f64::from(0.54f32) + f64::from(0.46f32) * (x * PI).cos()),
            Kernel::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Kernel::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            Kernel::Lanczos if (-3.0..3.0).contains(&signed) => sinc(signed) * sinc(signed / 3.0),
            _ => 0.0,
        }
    }
}

/// Weights of the input pixels of each output pixel.
pub struct Coefficients {
    /// First input pixel and number of them, by output pixel.
    pub bounds: Vec<(usize, usize)>,
    weights: Vec<i32>,
    stride: usize,
}

impl Coefficients {
    /// For the output pixels `start .. start + length` of an axis resized from `input` to `output` pixels.
    fn new(kernel: Kernel, input: usize, output: usize, start: usize, length: usize) -> Result<Self> {
        let scale = input as f64 / output as f64;
        let filter_scale = scale.max(1.0);
        let support = kernel.support() * filter_scale;
        let stride = support.ceil() as usize * 2 + 1;
        let mut weights = allocate(length * stride, "resize coefficients")?;
        let mut exact = vec![0.0; stride];
        let mut bounds = Vec::with_capacity(length);
        for (at, weights) in (start..).zip(weights.chunks_exact_mut(stride)) {
            let centre = (at as f64 + 0.5) * scale;
            // C truncates towards zero here, and a negative bound becomes 0 either way.
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(input);
            let count = end - first;
            let mut sum = 0.0;
            for (tap, exact) in exact[..count].iter_mut().enumerate() {
                *exact = kernel.weight(((tap + first) as f64 - centre + 0.5) * (1.0 / filter_scale));
                sum += *exact;
            }
            for (weight, &exact) in weights.iter_mut().zip(&exact[..count]) {
                let normalised = if sum == 0.0 { exact } else { exact / sum };
                let scaled = normalised * f64::from(1 << PRECISION_BITS);
                *weight = (if normalised < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32;
            }
            bounds.push((first, count));
        }
        Ok(Coefficients { bounds, weights, stride })
    }

    /// Float weights in the same fixed point.
    pub fn fixed(taps: &FloatTaps) -> Result<Self> {
        let stride = taps.rows().iter().map(|row| row.1.len()).max().unwrap_or(1);
        let mut weights = allocate(taps.rows().len() * stride, "filter coefficients")?;
        let mut bounds = Vec::with_capacity(taps.rows().len());
        for ((first, exact), weights) in taps.rows().iter().zip(weights.chunks_exact_mut(stride)) {
            for (weight, &exact) in weights.iter_mut().zip(exact) {
                *weight = (f64::from(exact) * f64::from(1 << PRECISION_BITS) + 0.5).floor() as i32;
            }
            bounds.push((*first, exact.len()));
        }
        Ok(Coefficients { bounds, weights, stride })
    }

    pub fn of(&self, index: usize) -> &[i32] {
        &self.weights[index * self.stride..][..self.bounds[index].1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_kept_told_apart_and_forgotten() {
        let kept = Kept::new();
        let axis = |start| (Kernel::Lanczos, 70, 30, start, 5);
        let first = kept.of(axis(0)).unwrap();
        assert!(Arc::ptr_eq(&first, &kept.of(axis(0)).unwrap()));
        // Pixel 1 reads from 70 / 30 · (1.5 - 3) + 0.5, which is below 0; pixel 4 from 70 / 30 · (4.5 - 3) + 0.5 = 4.
        assert_eq!(kept.of(axis(1)).unwrap().bounds[0].0, 0);
        assert_eq!(kept.of(axis(4)).unwrap().bounds[0].0, 4);
        (5..5 + Kept::MOST).for_each(|start| drop(kept.of(axis(start)).unwrap()));
        assert!(!Arc::ptr_eq(&first, &kept.of(axis(0)).unwrap()));
    }
}

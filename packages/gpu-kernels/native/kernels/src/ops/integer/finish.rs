//! Exact sums to the numbers of a step.

use super::PackedIntegers;
#[cfg(target_arch = "x86_64")]
use super::tile::Instructions;
use crate::program::{Form, IntegerProduct};

/// Bytes of a number of y.
pub fn unit(op: &IntegerProduct) -> usize {
    if op.to == Form::Floats { 4 } else { 1 }
}

impl PackedIntegers {
    /// Sums of consecutive output channels from `first` on, without their bias → numbers in y.
    pub fn finish(&self, op: &IntegerProduct, first: usize, sums: &[i32], y: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        match self.instructions {
            // SAFETY: `detect` found AVX-512 F.
            Instructions::Vnni => return unsafe { finish_avx512(self, op, first, sums, y) },
            // SAFETY: `detect` found AVX2.
            Instructions::Avx2 => return unsafe { finish_avx2(self, op, first, sums, y) },
            Instructions::Portable => {}
        }
        finish(self, op, first, sums, y);
    }
}

/// The same loops, compiled for vectors of sixteen.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn finish_avx512(packed: &PackedIntegers, op: &IntegerProduct, first: usize, sums: &[i32], y: &mut [u8]) {
    finish(packed, op, first, sums, y);
}

/// The same loops, compiled for vectors of eight.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn finish_avx2(packed: &PackedIntegers, op: &IntegerProduct, first: usize, sums: &[i32], y: &mut [u8]) {
    finish(packed, op, first, sums, y);
}

#[inline(always)]
fn finish(packed: &PackedIntegers, op: &IntegerProduct, first: usize, sums: &[i32], y: &mut [u8]) {
    let scaled = sums.iter().zip(&packed.bias[first..]).zip(&packed.scale[first..]);
    let scaled = scaled.map(|((sum, bias), scale)| sum.wrapping_add(*bias) as f32 * scale);
    let floats = y.chunks_exact_mut(4);
    let Some(to) = op.requantize else {
        floats.zip(scaled).for_each(|(y, scaled)| y.copy_from_slice(&scaled.to_ne_bytes()));
        return;
    };
    let divisor = op.divisor.unwrap_or(1.0);
    let grid = |scaled: f32| {
        let q = (scaled / divisor).round_ties_even() + to.zero_point;
        let q = if q > to.min { q } else { to.min };
        if q < to.max { q } else { to.max }
    };
    match op.to {
        Form::Floats => floats.zip(scaled).for_each(|(y, scaled)| y.copy_from_slice(&grid(scaled).to_ne_bytes())),
        Form::Bytes { least } => y.iter_mut().zip(scaled).for_each(|(y, scaled)| {
            // SAFETY: `narrow` stores as bytes what lies between `least` and `least + 255` alone.
            let q = unsafe { grid(scaled).to_int_unchecked::<i32>() };
            *y = q.wrapping_sub(least) as u8;
        }),
    }
}

//! One filter a channel on bytes with AVX-512 VNNI: 16 channels of a pixel at a time, whose sums stay in a register.

use super::finish::unit;
use super::{PackedIntegers, Place};
use crate::ops::pointwise::avx512::Divisor;
use crate::program::{Form, IntegerProduct};
use crate::threads::Mode;
use std::arch::x86_64::*;

/// `weights` are `[tap][channel]` and the sums of each channel's; x lies in bytes from `least` on.
pub fn depthwise(
    mode: Mode,
    op: &IntegerProduct,
    packed: &PackedIntegers,
    [weights, sums]: [&[i32]; 2],
    x: &[u8],
    least: i32,
    zero_points: Option<&[f32]>,
    y: &mut [u8],
) {
    let channels = op.output.channels;
    let pixel_bytes = channels * unit(op);
    mode.chunks(y, op.output.width * pixel_bytes, |line, y| {
        let item = line / op.output.height;
        let zero = op.zero_point - least + zero_points.map_or(0, |of| of[item] as i32);
        let start: Vec<i32> = packed.bias.iter().zip(sums).map(|(bias, sum)| bias.wrapping_sub(sum.wrapping_mul(zero))).collect();
        let padding = vec![zero as u8; channels];
        let image = &x[item * op.input.size()..][..op.input.size()];
        let mut taps = vec![&padding[..]; packed.taps.len()];
        let mut place = Place::of(op, line * op.output.width);
        for y in y.chunks_exact_mut(pixel_bytes) {
            for (under, &tap) in taps.iter_mut().zip(&packed.taps) {
                *under = place.under(op, tap).map_or(&padding[..], |at| &image[at..][..channels]);
            }
            assert!(weights.len() == taps.len() * channels && start.len() == channels && packed.scale.len() == channels);
            // SAFETY: the caller found the instructions; the assert and the slices above hold what is read, and y has a pixel.
            unsafe { pixel(op, &taps, weights, &start, &packed.scale, y) };
            place.x += op.window.strides[1];
        }
    });
}

/// # Safety
/// The CPU has AVX-512 F, BW, VL and VNNI. Each of `taps` has a byte for each of `start`, as has `scale`; `weights` has them for each
/// tap, and y is a pixel of as many numbers.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn pixel(op: &IntegerProduct, taps: &[&[u8]], weights: &[i32], start: &[i32], scale: &[f32], y: &mut [u8]) {
    let channels = start.len();
    let divisor = op.divisor.map(|scale| Divisor::new(scale));
    for first in (0..channels).step_by(16) {
        let mask = if channels - first < 16 { (1u16 << (channels - first)) - 1 } else { u16::MAX };
        // SAFETY: by the contract; masked lanes are neither read nor written.
        unsafe {
            let mut sum = _mm512_maskz_loadu_epi32(mask, start.as_ptr().add(first));
            for (tap, x) in taps.iter().enumerate() {
                let x = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, x.as_ptr().add(first).cast()));
                let weight = _mm512_maskz_loadu_epi32(mask, weights.as_ptr().add(tap * channels + first));
                // x is a byte in 32 bits, so of each pair of products the second is 0.
                sum = _mm512_dpwssd_epi32(sum, x, weight);
            }
            let mut number = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_maskz_loadu_ps(mask, scale.as_ptr().add(first)));
            if let Some(to) = op.requantize {
                number = match divisor {
                    Some(divisor) => divisor.rounded(number),
                    None => _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(number),
                };
                number = _mm512_add_ps(number, _mm512_set1_ps(to.zero_point));
                // max and min return their second operand where one is NaN.
                number = _mm512_min_ps(_mm512_max_ps(number, _mm512_set1_ps(to.min)), _mm512_set1_ps(to.max));
            }
            match op.to {
                Form::Floats => _mm512_mask_storeu_ps(y.as_mut_ptr().cast::<f32>().add(first), mask, number),
                Form::Bytes { least } => {
                    let q = _mm512_sub_epi32(_mm512_cvtps_epi32(number), _mm512_set1_epi32(least));
                    _mm512_mask_cvtepi32_storeu_epi8(y.as_mut_ptr().add(first).cast(), mask, q);
                }
            }
        }
    }
}

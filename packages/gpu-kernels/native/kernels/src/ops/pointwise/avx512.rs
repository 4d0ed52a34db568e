//! Rounding to a grid without a division, which takes as long as all the rest.

use super::Rounding;
use std::arch::x86_64::*;

/// Scales of which the reciprocal is neither infinite nor short of bits.
const SCALES: std::ops::Range<f32> = 1e-30..1e30;
/// How near to a half a product with the reciprocal may be without being on the other side of it than the quotient. Both are
/// within 1.5 units in the last place of each other, which is 4.6e-5 below 512; what lies beyond saturates.
const DOUBT: f32 = 1e-4;

/// A scale to round by.
#[derive(Clone, Copy)]
pub struct Divisor {
    scale: __m512,
    reciprocal: __m512,
    doubt: __m512,
}

impl Divisor {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn new(scale: f32) -> Self {
        let doubt = if SCALES.contains(&scale) { 0.5 - DOUBT } else { -1.0 };
        Divisor { scale: _mm512_set1_ps(scale), reciprocal: _mm512_set1_ps(1.0 / scale), doubt: _mm512_set1_ps(doubt) }
    }

    /// x / scale to the nearest integer, halves to even.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn rounded(&self, x: __m512) -> __m512 {
        let product = _mm512_mul_ps(x, self.reciprocal);
        let q = _mm512_roundscale_ps::<NEAREST>(product);
        let apart = _mm512_abs_ps(_mm512_sub_ps(product, q));
        // Not `>=`: an infinite product is NaN apart, and so divided as well.
        if _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(apart, self.doubt) == 0 {
            q
        } else {
            _mm512_roundscale_ps::<NEAREST>(_mm512_div_ps(x, self.scale))
        }
    }
}

/// x, or x + b → bytes: the same as by division.
///
/// # Safety
/// The CPU has AVX-512 F; x, y and b have as many elements.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn to_bytes(to: &Rounding, x: &[f32], b: Option<&[f32]>, y: &mut [u8]) {
    let divisor = Divisor::new(to.scale);
    let (zero_point, min, max) = (_mm512_set1_ps(to.zero_point), _mm512_set1_ps(to.min), _mm512_set1_ps(to.max));
    let least = _mm512_set1_epi32(to.least);
    for at in (0..x.len()).step_by(16) {
        let mask = if x.len() - at < 16 { (1u16 << (x.len() - at)) - 1 } else { u16::MAX };
        // SAFETY: masked lanes lie beyond the end, and are neither read nor written.
        unsafe {
            let mut x = _mm512_maskz_loadu_ps(mask, x.as_ptr().add(at));
            if let Some(b) = b {
                x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask, b.as_ptr().add(at)));
            }
            // max and min return their second operand where one is NaN.
            let q = _mm512_min_ps(_mm512_max_ps(_mm512_add_ps(divisor.rounded(x), zero_point), min), max);
            let q = _mm512_sub_epi32(_mm512_cvtps_epi32(q), least);
            _mm512_mask_cvtepi32_storeu_epi8(y.as_mut_ptr().add(at).cast(), mask, q);
        }
    }
}

const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

//! Rounding to a grid of bytes without a division, which takes as long as all the rest.

use super::Rounding;
use std::arch::x86_64::*;

/// Scales of which the reciprocal is neither infinite nor short of bits.
const SCALES: std::ops::Range<f32> = 1e-30..1e30;
/// How near to a half a product with the reciprocal may be without being on the other side of it than the quotient. Both are
/// within 1.5 units in the last place of each other, which is 4.6e-5 below 512; what lies beyond saturates.
const DOUBT: f32 = 1e-4;
const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

/// AVX-512 F, BW, DQ and VL.
pub(super) fn available() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")
}

/// A scale to round by.
#[derive(Clone, Copy)]
struct Divisor {
    scale: __m512,
    reciprocal: __m512,
    doubt: __m512,
}

impl Divisor {
    #[target_feature(enable = "avx512f")]
    fn new(scale: f32) -> Self {
        let doubt = if SCALES.contains(&scale) { 0.5 - DOUBT } else { -1.0 };
        Divisor { scale: _mm512_set1_ps(scale), reciprocal: _mm512_set1_ps(1.0 / scale), doubt: _mm512_set1_ps(doubt) }
    }

    /// x / scale, or what rounds to the same integers within 512 of 0, and beyond them on the same side.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    fn quotients<const V: usize>(&self, x: [__m512; V]) -> [__m512; V] {
        let (mut products, mut apart) = (x, _mm512_setzero_ps());
        for v in 0..V {
            products[v] = _mm512_mul_ps(x[v], self.reciprocal);
            // The greater of both without signs. What is infinite or NaN is none of them, and its quotient ends where it does.
            apart = _mm512_range_ps::<0b1011>(apart, _mm512_reduce_ps::<NEAREST>(products[v]));
        }
        if _mm512_cmp_ps_mask::<_CMP_GE_OQ>(apart, self.doubt) != 0 {
            for v in 0..V {
                products[v] = _mm512_div_ps(x[v], self.scale);
            }
        }
        products
    }
}

/// What numbers are rounded to. Bounds are whole, so what is cut to them before it is rounded ends on the same integers as what is
/// cut after.
#[derive(Clone, Copy)]
pub struct Grid {
    divisor: Option<Divisor>,
    /// Bounds without the zero point.
    low: __m512,
    high: __m512,
    zero_point: __m512,
    /// From integers without their zero point to bytes, of 16 bits.
    shift: __m512i,
    /// Whether packing bytes cuts to the bounds.
    packs: bool,
}

impl Grid {
    /// `least` of bytes; `is_small` says that no number, divided, leaves 32 bits.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn new([zero_point, min, max]: [f32; 3], divisor: Option<f32>, least: i32, is_small: bool) -> Self {
        Grid {
            divisor: divisor.map(|scale| Divisor::new(scale)),
            low: _mm512_set1_ps(min - zero_point),
            high: _mm512_set1_ps(max - zero_point),
            zero_point: _mm512_set1_ps(zero_point),
            shift: _mm512_set1_epi16((zero_point as i32 - least) as i16),
            packs: is_small && [min as i32, max as i32] == [least, least + 255],
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    fn divided<const V: usize>(&self, x: [__m512; V]) -> [__m512; V] {
        match &self.divisor {
            Some(divisor) => divisor.quotients(x),
            None => x,
        }
    }

    /// Within the bounds. NaN becomes the lower one, as a comparison with it is false.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn inside<const V: usize>(&self, mut x: [__m512; V]) -> [__m512; V] {
        for v in 0..V {
            // max and min return their second operand where one is NaN.
            x[v] = _mm512_min_ps(_mm512_max_ps(x[v], self.low), self.high);
        }
        x
    }

    /// Integers as floats.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub fn floats<const V: usize>(&self, x: [__m512; V]) -> [__m512; V] {
        let mut x = self.inside(self.divided(x));
        for v in 0..V {
            x[v] = _mm512_add_ps(_mm512_roundscale_ps::<NEAREST>(x[v]), self.zero_point);
        }
        x
    }

    /// 16 bytes for each of up to four vectors, in order.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq")]
    pub fn bytes<const V: usize>(&self, x: [__m512; V]) -> __m512i {
        let x = self.divided(x);
        // Packing makes the lower bound of NaN as well, of which the integer is the least there is.
        let x = if self.packs { x } else { self.inside(x) };
        let mut q = [_mm512_setzero_si512(); 4];
        for v in 0..V {
            q[v] = _mm512_cvtps_epi32(x[v]);
        }
        let first = _mm512_adds_epi16(_mm512_packs_epi32(q[0], q[1]), self.shift);
        let second = if V > 2 { _mm512_adds_epi16(_mm512_packs_epi32(q[2], q[3]), self.shift) } else { first };
        // Packing goes by lanes of four numbers: those of all vectors lie side by side.
        let order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
        _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second))
    }
}

/// x, or x + b → bytes: the same as by division.
///
/// # Safety
/// The CPU has AVX-512 F, BW and DQ; x, y and b have as many elements.
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
pub(super) unsafe fn to_bytes(to: &Rounding, x: &[f32], b: Option<&[f32]>, y: &mut [u8]) {
    let grid = to.grid();
    for at in (0..x.len()).step_by(64) {
        let mask = mask(x.len() - at);
        let mut numbers = [_mm512_setzero_ps(); 4];
        // SAFETY: masked lanes lie beyond the end, and are neither read nor written.
        unsafe {
            for v in 0..4 {
                let part = (mask >> (16 * v)) as __mmask16;
                numbers[v] = _mm512_maskz_loadu_ps(part, x.as_ptr().wrapping_add(at + 16 * v));
                if let Some(b) = b {
                    numbers[v] = _mm512_add_ps(numbers[v], _mm512_maskz_loadu_ps(part, b.as_ptr().wrapping_add(at + 16 * v)));
                }
            }
            _mm512_mask_storeu_epi8(y.as_mut_ptr().add(at).cast(), mask, grid.bytes(numbers));
        }
    }
}

/// Bytes that stand for (byte + least - zero) · scale.
#[derive(Clone, Copy)]
pub(super) struct Scaled<'a> {
    pub bytes: &'a [u8],
    pub least: i32,
    pub zero: f32,
    pub scale: f32,
}

impl Scaled<'_> {
    /// # Safety
    /// The CPU has AVX-512 F and VL; there is a byte for each lane of `mask` from `at` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn at(&self, at: usize, mask: __mmask16) -> __m512 {
        // SAFETY: by the contract.
        let bytes = unsafe { _mm_maskz_loadu_epi8(mask, self.bytes.as_ptr().wrapping_add(at).cast()) };
        let whole = _mm512_add_epi32(_mm512_cvtepu8_epi32(bytes), _mm512_set1_epi32(self.least));
        _mm512_mul_ps(_mm512_sub_ps(_mm512_cvtepi32_ps(whole), _mm512_set1_ps(self.zero)), _mm512_set1_ps(self.scale))
    }
}

/// The sum of two values of bytes → bytes, with the bits that steps one by one give.
///
/// # Safety
/// The CPU has AVX-512 F, BW, DQ and VL; a, b and y have as many elements.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) unsafe fn sums_to_bytes(to: &Rounding, a: Scaled, b: Scaled, y: &mut [u8]) {
    let grid = to.grid();
    for at in (0..y.len()).step_by(64) {
        let mask = mask(y.len() - at);
        let mut numbers = [_mm512_setzero_ps(); 4];
        // SAFETY: masked lanes lie beyond the end, and are neither read nor written.
        unsafe {
            for v in 0..4 {
                let part = (mask >> (16 * v)) as __mmask16;
                numbers[v] = _mm512_add_ps(a.at(at + 16 * v, part), b.at(at + 16 * v, part));
            }
            _mm512_mask_storeu_epi8(y.as_mut_ptr().add(at).cast(), mask, grid.bytes(numbers));
        }
    }
}

/// y = table[x].
///
/// # Safety
/// The CPU has AVX-512 F, BW and VBMI; y has as many bytes as x.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) unsafe fn look_up(table: &[u8; 256], x: &[u8], y: &mut [u8]) {
    // SAFETY: four times 64 bytes of 256.
    let [a, b, c, d] = [0, 64, 128, 192].map(|at| unsafe { _mm512_loadu_si512(table.as_ptr().add(at).cast()) });
    for at in (0..x.len()).step_by(64) {
        let mask = mask(x.len() - at);
        // SAFETY: masked lanes lie beyond the end, and are neither read nor written.
        unsafe {
            let x = _mm512_maskz_loadu_epi8(mask, x.as_ptr().add(at).cast());
            // The highest bit says which half, those below it where in the half.
            let (low, high) = (_mm512_permutex2var_epi8(a, x, b), _mm512_permutex2var_epi8(c, x, d));
            let numbers = _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high);
            _mm512_mask_storeu_epi8(y.as_mut_ptr().add(at).cast(), mask, numbers);
        }
    }
}

/// The first `count` of 64 lanes.
#[inline(always)]
fn mask(count: usize) -> __mmask64 {
    u64::MAX >> (64 - count.min(64))
}

impl Rounding {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn grid(&self) -> Grid {
        Grid::new([self.zero_point, self.min, self.max], Some(self.scale), self.least, false)
    }
}

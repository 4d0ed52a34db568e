//! The horizontal pass of Pillow's resize with AVX2, equal to the bit. AVX2 multiplies 16-bit pairs twice as fast as
//! 32-bit numbers, so a weight w is split into w = high · 2^15 + low with 0 <= low < 2^15; both sums are exact modulo
//! 2^32, and so is high · 2^15 + low, which is all that the 32-bit sum of Pillow is.

use super::pillow::{ROUNDING, Source};
use super::pillow_coefficients::Coefficients;
use super::pillow_steps::{GROUP, ROWS, Steps, put};
use crate::error::{Result, allocate};
use std::arch::x86_64::*;

const LOW_BITS: u32 = 15;
/// 16-bit weights per step: `[w0 w1] × 4 channels | [w2 w3] × 4 channels`, two pixels in each 128-bit lane.
const LANES: usize = 16;

pub struct Horizontal {
    steps: Steps,
    high: Vec<i16>,
    low: Vec<i16>,
    shuffle: [i8; 32],
}

impl Horizontal {
    pub fn new(coefficients: &Coefficients, channels: usize) -> Result<Self> {
        let steps = Steps::new(coefficients, channels);
        let mut high = allocate(steps.count() * LANES, "resize coefficients")?;
        let mut low = allocate(steps.count() * LANES, "resize coefficients")?;
        for index in 0..coefficients.bounds.len() {
            for (tap, &weight) in coefficients.of(index).iter().enumerate() {
                let at = (steps.of(index).start + tap / GROUP) * LANES + tap % GROUP / 2 * 8 + tap % 2;
                for channel in 0..4 {
                    high[at + channel * 2] = (weight >> LOW_BITS) as i16;
                    low[at + channel * 2] = (weight & ((1 << LOW_BITS) - 1)) as i16;
                }
            }
        }
        Ok(Horizontal { steps, high, low, shuffle: shuffle(channels) })
    }

    /// Rows from `first_row` of the source into `target`, as many as it holds.
    pub fn run(&self, source: &Source, coefficients: &Coefficients, first_row: usize, target: &mut [u8]) {
        self.steps.run(source, coefficients, first_row, target, |lines, target| {
            // SAFETY: this type is only used where the CPU has AVX2; the lines are what `Steps` promises.
            unsafe { self.rows(lines, coefficients, source, target) };
        });
    }

    /// # Safety
    /// The CPU has AVX2, each line holds what the loads of `steps` touch, `target` holds `ROWS` rows.
    #[target_feature(enable = "avx2")]
    unsafe fn rows(&self, lines: [&[u8]; ROWS], coefficients: &Coefficients, source: &Source, target: &mut [u8]) {
        let (channels, kept) = (source.channels, source.kept);
        let length = coefficients.bounds.len() * kept;
        // SAFETY: `shuffle` is 32 bytes.
        let shuffle = unsafe { _mm256_loadu_si256(self.shuffle.as_ptr().cast()) };
        for (index, &(first, _)) in coefficients.bounds.iter().enumerate() {
            let mut high = [_mm256_setzero_si256(); ROWS];
            let mut low = [_mm256_setzero_si256(); ROWS];
            for (step, number) in self.steps.of(index).enumerate() {
                let offset = (first + step * GROUP) * channels;
                // SAFETY: weights were allocated for all steps; the lines hold 16 bytes from `offset`.
                unsafe {
                    let high_weights = _mm256_loadu_si256(self.high.as_ptr().add(number * LANES).cast());
                    let low_weights = _mm256_loadu_si256(self.low.as_ptr().add(number * LANES).cast());
                    for row in 0..ROWS {
                        let bytes = _mm256_broadcastsi128_si256(_mm_loadu_si128(lines[row].as_ptr().add(offset).cast()));
                        let pixels = _mm256_shuffle_epi8(bytes, shuffle);
                        high[row] = _mm256_add_epi32(high[row], _mm256_madd_epi16(pixels, high_weights));
                        low[row] = _mm256_add_epi32(low[row], _mm256_madd_epi16(pixels, low_weights));
                    }
                }
            }
            for row in 0..ROWS {
                let sum = _mm256_add_epi32(_mm256_slli_epi32::<{ LOW_BITS as i32 }>(high[row]), low[row]);
                let sum = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
                let sum = _mm_srai_epi32::<22>(_mm_add_epi32(sum, _mm_set1_epi32(ROUNDING)));
                let words = _mm_packs_epi32(sum, sum);
                let pixel = _mm_cvtsi128_si32(_mm_packus_epi16(words, words)).to_le_bytes();
                put(pixel, &mut target[row * length + index * kept..], kept);
            }
        }
    }
}

/// Bytes of four pixels to 16-bit pairs: `r0 r1 g0 g1 b0 b1 a0 a1 | r2 r3 g2 g3 b2 b3 a2 a3`; a is 0 where there is none.
fn shuffle(channels: usize) -> [i8; 32] {
    let mut mask = [-1i8; 32];
    for (index, slot) in mask.iter_mut().enumerate().filter(|(index, _)| index % 2 == 0 && index % 16 / 4 < channels) {
        let pixel = index / 16 * 2 + index % 4 / 2;
        let channel = index % 16 / 4;
        *slot = (pixel * channels + channel) as i8;
    }
    mask
}

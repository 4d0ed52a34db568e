//! The horizontal pass of Pillow's resize with NEON, equal to the bit: each pixel is spread to four numbers of 32 bits and
//! multiplied by a lane of its weights. Sums are those of Pillow modulo 2^32, in whatever order they are made.

use super::pillow::{ROUNDING, Source};
use super::pillow_coefficients::Coefficients;
use super::pillow_steps::{GROUP, ROWS, Steps, put};
use crate::error::{Result, allocate};
use std::arch::aarch64::*;

pub struct Horizontal {
    steps: Steps,
    /// `GROUP` a step.
    weights: Vec<i32>,
    /// For each pixel of a step, where the bytes of its four numbers come from.
    spread: [[u8; 16]; GROUP],
}

impl Horizontal {
    pub fn new(coefficients: &Coefficients, channels: usize) -> Result<Self> {
        let steps = Steps::new(coefficients, channels);
        let mut weights = allocate(steps.count() * GROUP, "resize coefficients")?;
        for index in 0..coefficients.bounds.len() {
            let taps = coefficients.of(index);
            weights[steps.of(index).start * GROUP..][..taps.len()].copy_from_slice(taps);
        }
        Ok(Horizontal { steps, weights, spread: std::array::from_fn(|pixel| spread(pixel, channels)) })
    }

    /// Rows from `first_row` of the source into `target`, as many as it holds.
    pub fn run(&self, source: &Source, coefficients: &Coefficients, first_row: usize, target: &mut [u8]) {
        self.steps.run(source, coefficients, first_row, target, |lines, target| {
            // SAFETY: this type is only used where the CPU has NEON; the lines are what `Steps` promises.
            unsafe { self.rows(lines, coefficients, source, target) };
        });
    }

    /// # Safety
    /// The CPU has NEON, each line holds what the loads of `steps` touch, `target` holds `ROWS` rows.
    #[target_feature(enable = "neon")]
    unsafe fn rows(&self, lines: [&[u8]; ROWS], coefficients: &Coefficients, source: &Source, target: &mut [u8]) {
        let (channels, kept) = (source.channels, source.kept);
        let length = coefficients.bounds.len() * kept;
        // SAFETY: each of the tables is 16 bytes.
        let spread = self.spread.map(|table| unsafe { vld1q_u8(table.as_ptr()) });
        for (index, &(first, _)) in coefficients.bounds.iter().enumerate() {
            let mut sums = [vdupq_n_s32(ROUNDING); ROWS];
            for (step, number) in self.steps.of(index).enumerate() {
                let offset = (first + step * GROUP) * channels;
                // SAFETY: weights were allocated for all steps; the lines hold 16 bytes from `offset`.
                unsafe {
                    let weights = vld1q_s32(self.weights.as_ptr().add(number * GROUP));
                    for row in 0..ROWS {
                        let bytes = vld1q_u8(lines[row].as_ptr().add(offset));
                        let pixels = spread.map(|table| vreinterpretq_s32_u8(vqtbl1q_u8(bytes, table)));
                        sums[row] = vmlaq_laneq_s32::<0>(sums[row], pixels[0], weights);
                        sums[row] = vmlaq_laneq_s32::<1>(sums[row], pixels[1], weights);
                        sums[row] = vmlaq_laneq_s32::<2>(sums[row], pixels[2], weights);
                        sums[row] = vmlaq_laneq_s32::<3>(sums[row], pixels[3], weights);
                    }
                }
            }
            for row in 0..ROWS {
                // What is left has 10 bits, so that only the last narrowing can saturate, to 0 .. 255 as Pillow does.
                let words = vmovn_s32(vshrq_n_s32::<22>(sums[row]));
                let bytes = vqmovun_s16(vcombine_s16(words, words));
                let pixel = vget_lane_u32::<0>(vreinterpret_u32_u8(bytes)).to_le_bytes();
                put(pixel, &mut target[row * length + index * kept..], kept);
            }
        }
    }
}

/// The bytes of a pixel as four little-endian numbers of 32 bits; a table gives 0 for an index of 255.
fn spread(pixel: usize, channels: usize) -> [u8; 16] {
    let mut table = [255; 16];
    for channel in 0..channels.min(4) {
        table[channel * 4] = (pixel * channels + channel) as u8;
    }
    table
}

//! What the horizontal passes with wide instructions share: input pixels are taken in steps of `GROUP`, and `ROWS` rows at
//! once, each step by one load of 16 bytes of a row.

use super::pillow::{Source, narrow_row};
use super::pillow_coefficients::Coefficients;
use std::ops::Range;

/// Input pixels per step.
pub const GROUP: usize = 4;
pub const ROWS: usize = 4;
const LOAD_BYTES: usize = 16;

pub struct Steps {
    /// By output pixel: its first step. One more at the end.
    starts: Vec<usize>,
    /// Bytes of a row that the loads of any output pixel may touch, counted from the row's start.
    reach: usize,
}

impl Steps {
    pub fn new(coefficients: &Coefficients, channels: usize) -> Self {
        let mut steps = Steps { starts: Vec::with_capacity(coefficients.bounds.len() + 1), reach: 0 };
        let mut start = 0;
        for &(first, count) in &coefficients.bounds {
            steps.starts.push(start);
            start += count.div_ceil(GROUP);
            if let Some(last) = count.div_ceil(GROUP).checked_sub(1) {
                steps.reach = steps.reach.max((first + last * GROUP) * channels + LOAD_BYTES);
            }
        }
        steps.starts.push(start);
        steps
    }

    pub fn count(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// Steps of an output pixel.
    pub fn of(&self, index: usize) -> Range<usize> {
        self.starts[index]..self.starts[index + 1]
    }

    /// Rows from `first_row` of the source into `target`, as many as it holds: blocks of `ROWS` by `wide`, whose lines are
    /// `reach` bytes long, and one by one where there are no such blocks.
    pub fn run(
        &self,
        source: &Source,
        coefficients: &Coefficients,
        first_row: usize,
        target: &mut [u8],
        wide: impl Fn([&[u8]; ROWS], &mut [u8]),
    ) {
        let length = coefficients.bounds.len() * source.kept;
        let stride = source.width * source.channels;
        for (block, target) in target.chunks_mut(ROWS * length).enumerate() {
            let row = first_row + block * ROWS;
            let full = target.len() == ROWS * length;
            if full && (row + ROWS - 1) * stride + self.reach <= source.data.len() {
                wide(std::array::from_fn(|line| &source.data[(row + line) * stride..][..self.reach]), target);
            } else {
                for (line, target) in target.chunks_exact_mut(length).enumerate() {
                    narrow_row(source, coefficients, row + line, target);
                }
            }
        }
    }
}

/// Three or four bytes of a pixel; lengths that the compiler knows cost no call.
#[inline(always)]
pub fn put(pixel: [u8; 4], target: &mut [u8], kept: usize) {
    match kept {
        3 => target[..3].copy_from_slice(&pixel[..3]),
        _ => target[..4].copy_from_slice(&pixel),
    }
}

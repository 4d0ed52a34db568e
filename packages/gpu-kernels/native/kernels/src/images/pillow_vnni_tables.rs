//! The weights of Pillow's resize as AVX-512 VNNI multiplies them: it takes signed bytes, so a weight is split into three
//! signed digits of base 256.

use super::pillow_coefficients::Coefficients;
use crate::error::{Result, allocate};
use std::ops::Range;

/// Numbers that one product adds up.
pub const QUAD: usize = 4;
/// Input pixels per step of the horizontal pass.
pub const TAPS: usize = 16;
/// Output pixels that either pass finishes together.
pub const GROUP: usize = 16;
pub const DIGITS: usize = 3;
const VECTOR: usize = 64;

/// Where the input of an output pixel begins, and the steps over it.
#[derive(Debug, Clone, Default)]
pub struct Output {
    pub start: usize,
    pub steps: Range<usize>,
}

/// Those of `TAPS` pixels, in fours, each four once for every channel.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Step(pub [[i8; VECTOR]; DIGITS]);

impl Default for Step {
    fn default() -> Self {
        Step([[0; VECTOR]; DIGITS])
    }
}

/// Lowest first. None for a weight that is too large, which is 2 or more where the weights of a pixel are 1 together.
fn digits(weight: i32) -> Option<[i8; DIGITS]> {
    let low = weight as i8;
    let rest = (weight - i32::from(low)) >> 8;
    let middle = rest as i8;
    Some([low, middle, i8::try_from((rest - i32::from(middle)) >> 8).ok()?])
}

/// For the horizontal pass.
#[derive(Debug, Clone)]
pub struct Across {
    /// By output pixel, up to whole groups; `start` in bytes of a row.
    pub outputs: Vec<Output>,
    pub digits: Vec<Step>,
    /// Bytes of a row that the loads of any output pixel touch.
    pub reach: usize,
    /// Bytes that make of 64 bytes of a row what a step multiplies: in fours of pixels, channel by channel.
    pub order: [u8; VECTOR],
    /// Bytes that make `[x][channel][row]` of `[row][x][channel]`. A table in memory, since the compiler makes a dozen
    /// instructions of one that it knows.
    pub turned: [u8; VECTOR],
}

impl Across {
    /// None where a weight is too large for its digits.
    pub fn new(coefficients: &Coefficients, channels: usize) -> Result<Option<Self>> {
        let width = coefficients.bounds.len();
        let count = coefficients.bounds.iter().map(|bound| bound.1.div_ceil(TAPS)).sum();
        let mut table: Vec<Step> = allocate(count, "resize coefficients")?;
        let mut outputs = vec![Output::default(); width.next_multiple_of(GROUP)];
        let (mut first, mut reach) = (0, 0);
        for (index, &(pixel, taps)) in coefficients.bounds.iter().enumerate() {
            let steps = first..first + taps.div_ceil(TAPS);
            for (tap, &weight) in coefficients.of(index).iter().enumerate() {
                let Some(digits) = digits(weight) else { return Ok(None) };
                let at = tap % TAPS / QUAD * (VECTOR / QUAD) + tap % QUAD;
                for (line, digit) in table[steps.start + tap / TAPS].0.iter_mut().zip(digits) {
                    (0..QUAD).for_each(|channel| line[at + channel * QUAD] = digit);
                }
            }
            if let Some(last) = steps.len().checked_sub(1) {
                reach = reach.max((pixel + last * TAPS) * channels + VECTOR);
            }
            first = steps.end;
            outputs[index] = Output { start: pixel * channels, steps };
        }
        let turned = std::array::from_fn(|at| (at % QUAD * (VECTOR / QUAD) + at / QUAD) as u8);
        Ok(Some(Across { outputs, digits: table, reach, order: order(channels), turned }))
    }
}

/// A fourth channel of three is the third again, which nobody reads.
fn order(channels: usize) -> [u8; VECTOR] {
    std::array::from_fn(|at| {
        let (quad, channel, tap) = (at / (QUAD * QUAD), at / QUAD % QUAD, at % QUAD);
        ((quad * QUAD + tap) * channels + channel.min(channels - 1)) as u8
    })
}

/// For the vertical pass.
#[derive(Debug, Clone)]
pub struct Down {
    /// By output row; `start` in blocks of four rows.
    pub outputs: Vec<Output>,
    /// By step the digits of four rows, as one number.
    pub digits: Vec<[i32; DIGITS]>,
    /// Blocks that are read, from block 0.
    pub reach: usize,
    /// Bytes of four vectors of sums in the order of pixels, without the channels that are not kept.
    pub order: [u8; VECTOR],
}

impl Down {
    /// `first` is the row of the image that block 0 begins with. None where a weight is too large for its digits.
    pub fn new(coefficients: &Coefficients, first: usize, kept: usize) -> Result<Option<Self>> {
        let blocks = |&(row, taps): &(usize, usize)| (row - first) / QUAD..(row - first + taps).div_ceil(QUAD);
        let count = coefficients.bounds.iter().map(|bound| blocks(bound).len()).sum();
        let mut table: Vec<[i32; DIGITS]> = allocate(count, "resize coefficients")?;
        let mut outputs = Vec::with_capacity(coefficients.bounds.len());
        let (mut next, mut reach) = (0, 0);
        for (index, bound) in coefficients.bounds.iter().enumerate() {
            let blocks = blocks(bound);
            let begin = bound.0 - first - blocks.start * QUAD;
            for (row, &weight) in (begin..).zip(coefficients.of(index)) {
                let Some(digits) = digits(weight) else { return Ok(None) };
                for (number, digit) in table[next + row / QUAD].iter_mut().zip(digits) {
                    *number |= i32::from(digit as u8) << (row % QUAD * 8);
                }
            }
            outputs.push(Output { start: blocks.start, steps: next..next + blocks.len() });
            next += blocks.len();
            reach = reach.max(blocks.end);
        }
        Ok(Some(Down { outputs, digits: table, reach, order: packing(kept) }))
    }
}

/// Packing leaves pixel p of a group in lane p % 4, there at p / 4.
fn packing(kept: usize) -> [u8; VECTOR] {
    std::array::from_fn(|at| {
        let (pixel, channel) = (at / kept, at % kept);
        if pixel < GROUP { (pixel % 4 * 16 + pixel / 4 * QUAD + channel) as u8 } else { 0 }
    })
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn digits_make_the_weight_and_refuse_what_is_too_large() {
        for weight in [0, 1, -1, 127, 128, -128, -129, 32_767, 32_768, -32_897, 1 << 22, -(1 << 22), 0x7f_7f7f, -0x80_8080] {
            let [low, middle, high] = digits(weight).unwrap().map(i32::from);
            assert_eq!(low + 256 * middle + 65_536 * high, weight);
        }
        assert_eq!([0x7f_7f80, -0x80_8081, i32::MAX - 200, i32::MIN + 200].map(digits), [None; 4]);
    }
}

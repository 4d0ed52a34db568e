//! Products of integers with exact sums in 32 bits: convolutions and fully connected layers of quantised networks.
//!
//! Both operands become i16 without their zero points, at most 255 away from 0, so a pair of products fits an i32 and
//! `madd` (or VNNI's `dpwssd`) adds it exactly. Weights lie in panels of 16 columns, `[pair][16][2]`; patches of x are
//! gathered into rows of whole pairs. Depthwise layers, whose panels would be nearly empty, run over channels instead.

#[cfg(target_arch = "x86_64")]
mod simd;

use super::conv::rows_per_chunk;
use crate::error::{Result, allocate};
use crate::program::{Extent, IntegerProduct};
use crate::threads::Mode;

pub const COLUMNS: usize = 16;
/// Rows of the largest tile.
pub const TILE_ROWS: usize = 6;

/// Sums of a tile: rows by the columns of a panel.
pub type Sums = [[i32; COLUMNS]; TILE_ROWS];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Vnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Instructions {
    fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512vnni") {
            return Instructions::Vnni;
        } else if std::arch::is_x86_feature_detected!("avx2") {
            return Instructions::Avx2;
        }
        Instructions::Portable
    }
}

enum Weights {
    /// A group's panels one after the other.
    Panels(Vec<Vec<i16>>),
    /// `[tap][channel]`.
    Depthwise(Vec<i32>),
}

pub struct PackedIntegers {
    weights: Weights,
    bias: Vec<i32>,
    scale: Vec<f32>,
    /// Taps as (y, x) in input pixels.
    taps: Vec<(usize, usize)>,
    /// Pairs along the inner dimension.
    pairs: usize,
    instructions: Instructions,
}

/// Integer `index` of a row of words.
fn integer(words: &[f32], index: usize, bits: u32) -> i16 {
    let word = |per_word: usize| words[index / per_word].to_bits() >> (index % per_word * bits as usize);
    if bits == 8 { i16::from(word(4) as u8 as i8) } else { word(2) as u16 as i16 }
}

impl PackedIntegers {
    pub fn new(op: &IntegerProduct, weights: &[&[f32]]) -> Result<Self> {
        let [kernel_height, kernel_width] = op.window.kernel;
        let [dilation_y, dilation_x] = op.window.dilations;
        let taps: Vec<_> = (0..kernel_height).flat_map(|y| (0..kernel_width).map(move |x| (y * dilation_y, x * dilation_x))).collect();
        let outputs = op.output.channels;
        let inner = taps.len() * (op.input.channels / op.groups);
        let (filters, pairs) = (outputs / op.groups, inner.div_ceil(2));
        let words = weights[op.weight].len() / outputs;
        let at = |output: usize, index: usize| integer(&weights[op.weight][output * words..][..words], index, op.weight_bits);
        let packed = if filters == 1 && op.groups == op.input.channels {
            let mut columns = allocate(taps.len() * outputs, "packed weights")?;
            for (tap, row) in columns.chunks_exact_mut(outputs).enumerate() {
                row.iter_mut().enumerate().for_each(|(output, slot)| *slot = i32::from(at(output, tap)));
            }
            Weights::Depthwise(columns)
        } else {
            let group = |group: usize| -> Result<Vec<i16>> {
                let mut panels = allocate(filters.div_ceil(COLUMNS) * pairs * COLUMNS * 2, "packed weights")?;
                for (column, panel) in (0..filters).map(|column| (column, column / COLUMNS * pairs * COLUMNS * 2)) {
                    for index in 0..inner {
                        panels[panel + (index / 2 * COLUMNS + column % COLUMNS) * 2 + index % 2] = at(group * filters + column, index);
                    }
                }
                Ok(panels)
            };
            Weights::Panels((0..op.groups).map(group).collect::<Result<_>>()?)
        };
        Ok(PackedIntegers {
            weights: packed,
            bias: op.bias.map_or_else(|| vec![0; outputs], |bias| weights[bias].iter().map(|word| word.to_bits() as i32).collect()),
            scale: op.scale.map_or_else(|| vec![1.0; outputs], |scale| weights[scale].to_vec()),
            taps,
            pairs,
            instructions: Instructions::detect(),
        })
    }

    /// Exact sums of consecutive output channels → numbers.
    fn finish(&self, op: &IntegerProduct, first: usize, sums: &[i32], y: &mut [f32]) {
        let scaled = sums.iter().zip(&self.bias[first..]).zip(&self.scale[first..]);
        let scaled = scaled.map(|((sum, bias), scale)| sum.wrapping_add(*bias) as f32 * scale);
        match op.requantize {
            None => y.iter_mut().zip(scaled).for_each(|(y, scaled)| *y = scaled),
            Some(to) => {
                let grid = |scaled: f32| (scaled.round_ties_even() + to.zero_point).max(to.min).min(to.max);
                y.iter_mut().zip(scaled).for_each(|(y, scaled)| *y = grid(scaled));
            }
        }
    }
}

/// Where the pixel under a tap lies in the image of its item; `None` in the padding.
#[inline(always)]
fn under(op: &IntegerProduct, pixel: usize, (tap_y, tap_x): (usize, usize)) -> Option<usize> {
    let Extent { width, height, channels } = op.input;
    let (out_y, out_x) = (pixel / op.output.width, pixel % op.output.width);
    let y = (out_y * op.window.strides[0] + tap_y).checked_sub(op.window.top).filter(|&y| y < height)?;
    let x = (out_x * op.window.strides[1] + tap_x).checked_sub(op.window.left).filter(|&x| x < width)?;
    Some((y * width + x) * channels)
}

pub fn product(mode: Mode, op: &IntegerProduct, packed: &PackedIntegers, x: &[f32], y: &mut [f32]) {
    let mut centred = vec![0i16; x.len()];
    let length = mode.chunk_length(x.len(), 1);
    // Integers of at most 16 bits: `as` neither rounds nor saturates.
    mode.chunks(&mut centred, length, |index, chunk| {
        chunk.iter_mut().zip(&x[index * length..]).for_each(|(to, &x)| *to = (x as i32 - op.zero_point) as i16);
    });
    match &packed.weights {
        Weights::Depthwise(weights) => depthwise(mode, op, packed, weights, &centred, y),
        Weights::Panels(groups) => panels(mode, op, packed, groups, &centred, y),
    }
}

fn depthwise(mode: Mode, op: &IntegerProduct, packed: &PackedIntegers, weights: &[i32], x: &[i16], y: &mut [f32]) {
    let channels = op.output.channels;
    let pixels = op.output.height * op.output.width;
    mode.chunks(y, op.output.width * channels, |line, y| {
        let mut sums = vec![0i32; channels];
        for (column, y) in y.chunks_exact_mut(channels).enumerate() {
            let row = line * op.output.width + column;
            let image = &x[row / pixels * op.input.size()..][..op.input.size()];
            sums.fill(0);
            for (&tap, weights) in packed.taps.iter().zip(weights.chunks_exact(channels)) {
                let Some(at) = under(op, row % pixels, tap) else { continue };
                for ((sum, &x), weight) in sums.iter_mut().zip(&image[at..]).zip(weights) {
                    *sum = sum.wrapping_add(i32::from(x) * weight);
                }
            }
            packed.finish(op, 0, &sums, y);
        }
    });
}

fn panels(mode: Mode, op: &IntegerProduct, packed: &PackedIntegers, groups: &[Vec<i16>], x: &[i16], y: &mut [f32]) {
    let (channels, outputs) = (op.input.channels, op.output.channels);
    let (depth, filters) = (channels / op.groups, outputs / op.groups);
    let width = packed.pairs * 2;
    let pixels = op.output.height * op.output.width;
    let rows_per_block = rows_per_chunk(mode, y.len() / outputs, packed.pairs);
    mode.chunks(y, rows_per_block * outputs, |block, y| {
        let rows = y.len() / outputs;
        let mut gathered = vec![0i16; rows * width];
        for (group, weights) in groups.iter().enumerate() {
            for (row, patch) in gathered.chunks_exact_mut(width).enumerate() {
                let row = block * rows_per_block + row;
                let image = &x[row / pixels * op.input.size()..][..op.input.size()];
                for (&tap, to) in packed.taps.iter().zip(patch.chunks_exact_mut(depth)) {
                    match under(op, row % pixels, tap) {
                        Some(at) => to.copy_from_slice(&image[at + group * depth..][..depth]),
                        None => to.fill(0),
                    }
                }
            }
            for (number, panel) in weights.chunks_exact(packed.pairs * COLUMNS * 2).enumerate() {
                let column = number * COLUMNS;
                let first = group * filters + column;
                let count = COLUMNS.min(filters - column);
                for (a, y) in gathered.chunks(TILE_ROWS * width).zip(y.chunks_mut(TILE_ROWS * outputs)) {
                    let sums = tile(packed.instructions, a, width, panel);
                    for (sums, y) in sums.iter().zip(y.chunks_exact_mut(outputs)) {
                        packed.finish(op, first, &sums[..count], &mut y[first..first + count]);
                    }
                }
            }
        }
    });
}

/// Up to `TILE_ROWS` rows of `width` integers by one panel.
fn tile(instructions: Instructions, a: &[i16], width: usize, panel: &[i16]) -> Sums {
    assert!(a.len().is_multiple_of(width) && a.len() <= TILE_ROWS * width && panel.len() == width * COLUMNS);
    match instructions {
        // SAFETY: `detect` found the instructions; the assert holds what the kernels read in bounds.
        #[cfg(target_arch = "x86_64")]
        Instructions::Vnni => unsafe { simd::vnni(a, width, panel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { simd::avx2(a, width, panel) },
        Instructions::Portable => portable(a, width, panel),
    }
}

fn portable(a: &[i16], width: usize, panel: &[i16]) -> Sums {
    let mut sums = [[0i32; COLUMNS]; TILE_ROWS];
    for (row, sums) in a.chunks_exact(width).zip(&mut sums) {
        for (pair, weights) in row.chunks_exact(2).zip(panel.chunks_exact(2 * COLUMNS)) {
            for (sum, weight) in sums.iter_mut().zip(weights.chunks_exact(2)) {
                let products = i32::from(pair[0]) * i32::from(weight[0]) + i32::from(pair[1]) * i32::from(weight[1]);
                *sum = sum.wrapping_add(products);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_instruction_sets_give_the_same_sums() {
        for (rows, pairs) in [(1, 1), (2, 3), (3, 40), (4, 7), (5, 9), (6, 300)] {
            let number = |index: usize, by: usize| (index * by % 511) as i16 - 255;
            let a: Vec<i16> = (0..rows * pairs * 2).map(|index| number(index, 31)).collect();
            let panel: Vec<i16> = (0..pairs * 2 * COLUMNS).map(|index| number(index, 53)).collect();
            let expected = portable(&a, pairs * 2, &panel);
            assert_eq!(tile(Instructions::detect(), &a, pairs * 2, &panel), expected);
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                assert_eq!(tile(Instructions::Avx2, &a, pairs * 2, &panel), expected);
            }
        }
    }
}

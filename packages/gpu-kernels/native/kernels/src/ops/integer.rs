//! Products of integers with exact sums in 32 bits: convolutions and fully connected layers of quantised networks.
//!
//! Both operands become i16 without their zero points, at most 255 away from 0, so a pair of products fits an i32 and
//! `madd` (or VNNI's `dpwssd`) adds it exactly. Weights lie in panels of 16 columns, `[pair][16][2]`; patches of x are
//! gathered into rows of whole pairs. Where the processor has SDOT, weights of bytes are multiplied as such (`bytes`).
//! Depthwise layers, whose panels would be nearly empty, run over channels instead.

#[cfg(target_arch = "aarch64")]
mod bytes;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod simd;
mod tile;

use super::conv::rows_per_chunk;
use crate::error::{Result, allocate};
use crate::program::{Extent, IntegerProduct};
use crate::stored::{ReadBuffers, Weight};
use crate::threads::Mode;
use tile::{COLUMNS, Instructions, Sums, TILE_ROWS, tile};

enum Weights {
    /// A group's panels one after the other.
    Panels(Vec<Vec<i16>>),
    /// A group's panels of bytes.
    #[cfg(target_arch = "aarch64")]
    Bytes(Vec<bytes::BytePanels>),
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
    pub fn new(op: &IntegerProduct, weights: &[Weight], buffers: &ReadBuffers) -> Result<Self> {
        let [kernel_height, kernel_width] = op.window.kernel;
        let [dilation_y, dilation_x] = op.window.dilations;
        let taps: Vec<_> = (0..kernel_height).flat_map(|y| (0..kernel_width).map(move |x| (y * dilation_y, x * dilation_x))).collect();
        let outputs = op.output.channels;
        let inner = taps.len() * (op.input.channels / op.groups);
        let (filters, pairs) = (outputs / op.groups, inner.div_ceil(2));
        let all = weights[op.weight].to_vec(buffers)?;
        let words = all.len() / outputs;
        let at = |output: usize, index: usize| integer(&all[output * words..][..words], index, op.weight_bits);
        let packed = if filters == 1 && op.groups == op.input.channels {
            let mut columns = allocate(taps.len() * outputs, "packed weights")?;
            for (tap, row) in columns.chunks_exact_mut(outputs).enumerate() {
                row.iter_mut().enumerate().for_each(|(output, slot)| *slot = i32::from(at(output, tap)));
            }
            Weights::Depthwise(columns)
        } else if let Some(bytes) = pack_bytes(op, filters, inner, at)? {
            bytes
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
            bias: match op.bias {
                Some(bias) => weights[bias].to_vec(buffers)?.iter().map(|word| word.to_bits() as i32).collect(),
                None => vec![0; outputs],
            },
            scale: op.scale.map_or_else(|| Ok(vec![1.0; outputs]), |scale| weights[scale].to_vec(buffers))?,
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

/// Panels of bytes, where the processor multiplies those and the weights are such.
fn pack_bytes(op: &IntegerProduct, filters: usize, inner: usize, at: impl Fn(usize, usize) -> i16) -> Result<Option<Weights>> {
    #[cfg(target_arch = "aarch64")]
    if op.weight_bits == 8 && bytes::available() {
        let group = |group: usize| bytes::BytePanels::new(filters, inner, |column, index| at(group * filters + column, index));
        return Ok(Some(Weights::Bytes((0..op.groups).map(group).collect::<Result<_>>()?)));
    }
    let _ = (op, filters, inner, at);
    Ok(None)
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
        Weights::Panels(groups) => pairs(mode, op, packed, groups, &centred, y),
        #[cfg(target_arch = "aarch64")]
        Weights::Bytes(groups) => bytes::product(mode, op, packed, groups, &centred, y),
    }
}

/// Integers of 16 bits by panels of pairs.
fn pairs(mode: Mode, op: &IntegerProduct, packed: &PackedIntegers, groups: &[Vec<i16>], x: &[i16], y: &mut [f32]) {
    let width = packed.pairs * 2;
    let length = width * COLUMNS;
    let by_panel =
        |a: &[i16], group: usize, number: usize| tile(packed.instructions, a, width, &groups[group][number * length..][..length]);
    panels(mode, op, packed, x, 0, width, by_panel, y);
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

/// Gathers patches of x, `padding` where they meet none of it, into rows of `width`, and multiplies them:
/// `tile(rows, group, number)` with panel `number` of a group.
fn panels<T: Copy + Default + Send + Sync>(
    mode: Mode,
    op: &IntegerProduct,
    packed: &PackedIntegers,
    x: &[T],
    padding: T,
    width: usize,
    tile: impl Fn(&[T], usize, usize) -> Sums + Sync,
    y: &mut [f32],
) {
    let (channels, outputs) = (op.input.channels, op.output.channels);
    let (depth, filters) = (channels / op.groups, outputs / op.groups);
    let pixels = op.output.height * op.output.width;
    let rows_per_block = rows_per_chunk(mode, y.len() / outputs, packed.pairs);
    mode.chunks(y, rows_per_block * outputs, |block, y| {
        let rows = y.len() / outputs;
        let mut gathered = vec![T::default(); rows * width];
        for group in 0..op.groups {
            for (row, patch) in gathered.chunks_exact_mut(width).enumerate() {
                let row = block * rows_per_block + row;
                let image = &x[row / pixels * op.input.size()..][..op.input.size()];
                for (&tap, to) in packed.taps.iter().zip(patch.chunks_exact_mut(depth)) {
                    match under(op, row % pixels, tap) {
                        Some(at) => to.copy_from_slice(&image[at + group * depth..][..depth]),
                        None => to.fill(padding),
                    }
                }
            }
            for number in 0..filters.div_ceil(COLUMNS) {
                let column = number * COLUMNS;
                let first = group * filters + column;
                let count = COLUMNS.min(filters - column);
                for (a, y) in gathered.chunks(TILE_ROWS * width).zip(y.chunks_mut(TILE_ROWS * outputs)) {
                    let sums = tile(a, group, number);
                    for (sums, y) in sums.iter().zip(y.chunks_exact_mut(outputs)) {
                        packed.finish(op, first, &sums[..count], &mut y[first..first + count]);
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Window;

    /// A fully connected layer and a 3x3 convolution with padding, by the definition. x of 8 bits spans 256 numbers wherever
    /// its zero point lies; what spans more is no such x, but must not wrap either.
    #[test]
    fn sums_are_exact_wherever_x_lies() {
        for (kernel, side, channels, outputs) in [(1usize, 1, 30, 21), (3, 5, 3, 18)] {
            let inner = kernel * kernel * channels;
            let weight = |output: usize, index: usize| ((output * 41 + index * 67) % 256) as u8 as i8;
            let row =
                |output: usize| (0..inner.next_multiple_of(4)).map(move |index| if index < inner { weight(output, index) } else { 0 });
            let bytes: Vec<u8> = (0..outputs).flat_map(row).map(|byte| byte as u8).collect();
            let words: Vec<f32> =
                bytes.chunks_exact(4).map(|word| f32::from_bits(u32::from_le_bytes([word[0], word[1], word[2], word[3]]))).collect();
            let extent = |channels: usize| Extent { height: side, width: side, channels };
            let window = Window { kernel: [kernel; 2], strides: [1, 1], dilations: [1, 1], top: kernel / 2, left: kernel / 2 };
            for (zero_point, least, span) in
                [(0, -128, 256), (7, 0, 256), (255, 0, 256), (-128, -128, 256), (128, -128, 384), (0, -300, 600)]
            {
                let (input, output) = (extent(channels), extent(outputs));
                let (x, bias, scale, requantize) = (0, None, None, None);
                let op =
                    IntegerProduct { x, zero_point, weight: 0, weight_bits: 8, bias, scale, requantize, input, output, window, groups: 1 };
                let x: Vec<i32> = (0..side * side * channels).map(|index| least + (index * 97 % span) as i32).collect();
                let mut y = vec![f32::NAN; side * side * outputs];
                let floats: Vec<f32> = x.iter().map(|&x| x as f32).collect();
                product(
                    Mode::Sequential,
                    &op,
                    &PackedIntegers::new(&op, &[Weight::plain(&words)], &ReadBuffers::default()).unwrap(),
                    &floats,
                    &mut y,
                );
                for (at, &y) in y.iter().enumerate() {
                    let (pixel, output) = (at / outputs, at % outputs);
                    let tap = |index: usize| Some((index, under(&op, pixel, (index / channels / kernel, index / channels % kernel))?));
                    let products = (0..inner)
                        .filter_map(tap)
                        .map(|(index, from)| (x[from + index % channels] - zero_point) * i32::from(weight(output, index)));
                    assert_eq!(y, products.sum::<i32>() as f32, "{kernel}x{kernel}, zero point {zero_point}, from {least}, at {at}");
                }
            }
        }
    }
}

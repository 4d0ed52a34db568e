//! Products of integers with exact sums in 32 bits: convolutions and fully connected layers of quantised networks.
//!
//! Where the processor multiplies bytes (VNNI) and x lies in bytes, both operands stay such: `dots`, and `tiles` for layers that
//! AMX is faster at. Else both become i16 without their zero points, at most 255 away from 0, so a pair of products fits an i32
//! and `madd` (or VNNI's `dpwssd`) adds it exactly; weights lie in panels of 16 columns, `[pair][16][2]`, and patches of x are
//! gathered into rows of whole pairs: `panels`. Where the processor has SDOT, weights of bytes are multiplied as such (`bytes`).
//! Depthwise layers, whose panels would be nearly empty, run over channels instead: on bytes four taps at a time
//! (`depthwise_quads`), else one (`depthwise`).

#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod byte_panels;
#[cfg(target_arch = "aarch64")]
mod bytes;
mod depthwise;
#[cfg(target_arch = "x86_64")]
mod depthwise_quads;
#[cfg(target_arch = "x86_64")]
mod dots;
#[cfg(target_arch = "x86_64")]
mod dots_amx;
#[cfg(target_arch = "x86_64")]
mod dots_avx2;
#[cfg(target_arch = "x86_64")]
mod dots_avx512;
#[cfg(target_arch = "x86_64")]
mod dots_rows;
#[cfg(target_arch = "x86_64")]
mod dots_tile;
#[cfg(target_arch = "x86_64")]
mod ending_avx512;
mod finish;
#[cfg(target_arch = "aarch64")]
mod neon;
mod panels;
#[cfg(target_arch = "x86_64")]
mod planes;
#[cfg(target_arch = "x86_64")]
mod simd;
mod tile;
#[cfg(target_arch = "x86_64")]
mod tile_panels;
#[cfg(target_arch = "x86_64")]
mod tiles;

use super::pointwise::{bytes as bytes_of, bytes_mut};
use crate::error::{Result, allocate};
use crate::program::{Extent, Form, IntegerProduct};
use crate::stored::{ReadBuffers, Weight};
use crate::threads::Mode;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
use byte_panels::BytePanels;
use tile::{COLUMNS, Instructions};

enum Weights {
    /// A group's panels one after the other.
    Panels(Vec<Vec<i16>>),
    /// A group's panels of bytes.
    #[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
    Bytes(Vec<BytePanels>),
    /// A group's registers of AMX.
    #[cfg(target_arch = "x86_64")]
    Tiles(Vec<tile_panels::TilePanels>),
    /// `[tap][channel]`.
    Depthwise(Vec<i32>),
    #[cfg(target_arch = "x86_64")]
    DepthwiseQuads(depthwise_quads::Quads),
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
        #[cfg(target_arch = "x86_64")]
        let in_tiles = tiles::suits(op);
        #[cfg(not(target_arch = "x86_64"))]
        let in_tiles = false;
        Self::pack(op, weights, buffers, in_tiles)
    }

    /// `in_tiles` asks for AMX, which there must be.
    fn pack(op: &IntegerProduct, weights: &[Weight], buffers: &ReadBuffers, in_tiles: bool) -> Result<Self> {
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
            pack_depthwise(op, taps.len(), at)?
        } else if in_tiles {
            pack_tiles(op, filters, inner, at)?
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
}

fn pack_depthwise(op: &IntegerProduct, taps: usize, at: impl Fn(usize, usize) -> i16) -> Result<Weights> {
    #[cfg(target_arch = "x86_64")]
    if op.from != Form::Floats && op.weight_bits == 8 && Instructions::detect() == Instructions::Vnni && !mostly_padding(op) {
        return Ok(Weights::DepthwiseQuads(depthwise_quads::Quads::new(op, at)?));
    }
    let mut columns = allocate(taps * op.output.channels, "packed weights")?;
    for (tap, row) in columns.chunks_exact_mut(op.output.channels).enumerate() {
        row.iter_mut().enumerate().for_each(|(output, slot)| *slot = i32::from(at(output, tap)));
    }
    Ok(Weights::Depthwise(columns))
}

#[cfg(target_arch = "x86_64")]
fn pack_tiles(op: &IntegerProduct, filters: usize, inner: usize, at: impl Fn(usize, usize) -> i16) -> Result<Weights> {
    Ok(Weights::Tiles(tiles::pack(op, filters, inner, at)?))
}

#[cfg(not(target_arch = "x86_64"))]
fn pack_tiles(_: &IntegerProduct, _: usize, _: usize, _: impl Fn(usize, usize) -> i16) -> Result<Weights> {
    unreachable!("AMX is of x86-64")
}

/// Panels of bytes, where the processor multiplies those and both operands are such.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
fn pack_bytes(op: &IntegerProduct, filters: usize, inner: usize, at: impl Fn(usize, usize) -> i16) -> Result<Option<Weights>> {
    #[cfg(target_arch = "aarch64")]
    let (suits, segment) = (bytes::available(), inner);
    #[cfg(target_arch = "x86_64")]
    let (suits, segment) = (dots_tile::Instructions::detect().is_some() && op.from != Form::Floats, dots_rows::segment(op));
    if op.weight_bits != 8 || !suits {
        return Ok(None);
    }
    let group = |group: usize| BytePanels::new(filters, inner, segment, |column, index| at(group * filters + column, index));
    Ok(Some(Weights::Bytes((0..op.groups).map(group).collect::<Result<_>>()?)))
}

#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
fn pack_bytes(_: &IntegerProduct, _: usize, _: usize, _: impl Fn(usize, usize) -> i16) -> Result<Option<Weights>> {
    Ok(None)
}

/// A pixel of the output, and the pixel of the input under its first tap.
#[derive(Clone, Copy)]
struct Place {
    item: usize,
    y: usize,
    x: usize,
}

impl Place {
    fn of(op: &IntegerProduct, row: usize) -> Self {
        let Extent { height, width, .. } = op.output;
        let (line, column) = (row / width, row % width);
        Place { item: line / height, y: line % height * op.window.strides[0], x: column * op.window.strides[1] }
    }

    /// The next pixel, of the next item after the last.
    #[cfg(target_arch = "x86_64")]
    fn advance(&mut self, op: &IntegerProduct) {
        self.x += op.window.strides[1];
        if self.x == op.output.width * op.window.strides[1] {
            (self.x, self.y) = (0, self.y + op.window.strides[0]);
        }
        if self.y == op.output.height * op.window.strides[0] {
            (self.y, self.item) = (0, self.item + 1);
        }
    }

    /// Where the pixel under a tap lies in the image of its item; `None` in the padding.
    #[inline(always)]
    fn under(self, op: &IntegerProduct, (tap_y, tap_x): (usize, usize)) -> Option<usize> {
        let Extent { width, height, channels } = op.input;
        // Below 0 they wrap, beyond any height and width.
        let (y, x) = ((self.y + tap_y).wrapping_sub(op.window.top), (self.x + tap_x).wrapping_sub(op.window.left));
        (y < height && x < width).then(|| (y * width + x) * channels)
    }
}

/// Columns of x under a row of y, padding counted.
#[cfg(target_arch = "x86_64")]
fn columns_under(op: &IntegerProduct) -> usize {
    (op.output.width - 1) * op.window.strides[1] + (op.window.kernel[1] - 1) * op.window.dilations[1] + 1
}

/// Whether lines of x with their padding take far more than x: a file may say so, and no network does.
#[cfg(target_arch = "x86_64")]
fn mostly_padding(op: &IntegerProduct) -> bool {
    columns_under(op).max(op.window.left + op.input.width) > 2 * op.input.width + 64
}

/// Whether products add values of bytes to their own before they store them.
pub fn adds() -> bool {
    #[cfg(target_arch = "x86_64")]
    return Instructions::detect() == Instructions::Vnni;
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Whether this one does.
pub fn takes_addition(op: &IntegerProduct) -> bool {
    let is_depthwise = op.groups == op.input.channels && op.groups == op.output.channels;
    let bytes = op.weight_bits == 8 && op.from != Form::Floats && op.to != Form::Floats && op.requantize.is_some();
    adds() && bytes && !is_depthwise && op.addition.is_none()
}

/// `zero_points` are those of `op.item_zero_point`, `other` the value of `op.addition`.
pub fn product(
    mode: Mode,
    op: &IntegerProduct,
    packed: &PackedIntegers,
    x: &[f32],
    [zero_points, other]: [Option<&[f32]>; 2],
    y: &mut [f32],
) {
    let y = bytes_mut(y);
    #[cfg(target_arch = "x86_64")]
    if let (Weights::Bytes(groups), Form::Bytes { least }) = (&packed.weights, op.from) {
        return dots::product(mode, op, packed, groups, bytes_of(x), least, zero_points, other.map_or(&[], bytes_of), y);
    }
    #[cfg(target_arch = "x86_64")]
    if let (Weights::Tiles(groups), Form::Bytes { least }) = (&packed.weights, op.from) {
        return tiles::product(mode, op, packed, groups, bytes_of(x), least, zero_points, other.map_or(&[], bytes_of), y);
    }
    #[cfg(target_arch = "x86_64")]
    if let (Weights::DepthwiseQuads(quads), Form::Bytes { least }) = (&packed.weights, op.from) {
        return depthwise_quads::depthwise(mode, op, packed, quads, bytes_of(x), least, zero_points, y);
    }
    assert!(other.is_none(), "`takes_addition` says where a product adds");
    let size = op.input.size();
    let zero_of = |item: usize| op.zero_point + zero_points.map_or(0, |of| of[item] as i32);
    let count = if op.from == Form::Floats { x.len() } else { 4 * x.len() };
    let mut centred = vec![0i16; count];
    let length = if zero_points.is_some() { size } else { mode.chunk_length(count, 1) };
    mode.chunks(&mut centred, length, |index, chunk| {
        let zero_point = zero_of(index * length / size);
        match op.from {
            // Integers of at most 16 bits: `as` neither rounds nor saturates.
            Form::Floats => chunk.iter_mut().zip(&x[index * length..]).for_each(|(to, &x)| *to = (x as i32 - zero_point) as i16),
            Form::Bytes { least } => {
                let shift = (least - zero_point) as i16;
                chunk.iter_mut().zip(&bytes_of(x)[index * length..]).for_each(|(to, &x)| *to = i16::from(x) + shift);
            }
        }
    });
    match &packed.weights {
        Weights::Depthwise(weights) => depthwise::depthwise(mode, op, packed, weights, &centred, y),
        Weights::Panels(groups) => panels::pairs(mode, op, packed, groups, &centred, y),
        #[cfg(target_arch = "aarch64")]
        Weights::Bytes(groups) => bytes::product(mode, op, packed, groups, &centred, y),
        #[cfg(target_arch = "x86_64")]
        Weights::Bytes(_) | Weights::Tiles(_) | Weights::DepthwiseQuads(_) => unreachable!("packed where x is of bytes"),
    }
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
                let forms = (Form::Floats, Form::Floats);
                let op = IntegerProduct {
                    x,
                    zero_point,
                    item_zero_point: None,
                    weight: 0,
                    weight_bits: 8,
                    bias,
                    scale,
                    divisor: None,
                    requantize,
                    addition: None,
                    input,
                    output,
                    window,
                    groups: 1,
                    from: forms.0,
                    to: forms.1,
                };
                let x: Vec<i32> = (0..side * side * channels).map(|index| least + (index * 97 % span) as i32).collect();
                let mut y = vec![f32::NAN; side * side * outputs];
                let floats: Vec<f32> = x.iter().map(|&x| x as f32).collect();
                product(
                    Mode::Sequential,
                    &op,
                    &PackedIntegers::new(&op, &[Weight::plain(&words)], &ReadBuffers::default()).unwrap(),
                    &floats,
                    [None; 2],
                    &mut y,
                );
                for (at, &y) in y.iter().enumerate() {
                    let (pixel, output) = (at / outputs, at % outputs);
                    let tap = |index: usize| {
                        Some((index, Place::of(&op, pixel).under(&op, (index / channels / kernel, index / channels % kernel))?))
                    };
                    let products = (0..inner)
                        .filter_map(tap)
                        .map(|(index, from)| (x[from + index % channels] - zero_point) * i32::from(weight(output, index)));
                    assert_eq!(y, products.sum::<i32>() as f32, "{kernel}x{kernel}, zero point {zero_point}, from {least}, at {at}");
                }
            }
        }
    }
}

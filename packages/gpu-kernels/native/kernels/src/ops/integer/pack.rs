//! Weights in the form that their products read.

#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
use super::byte_panels::BytePanels;
#[cfg(target_arch = "aarch64")]
use super::bytes;
#[cfg(target_arch = "x86_64")]
use super::place::mostly_padding;
use super::tile::{COLUMNS, Instructions};
use super::{PackedIntegers, Weights};
#[cfg(target_arch = "x86_64")]
use super::{depthwise_quads, dots_rows, dots_tile, tiles};
use crate::error::{Result, allocate};
#[cfg(target_arch = "x86_64")]
use crate::program::Form;
use crate::program::IntegerProduct;
use crate::stored::{ReadBuffers, Weight};

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
    pub fn pack(op: &IntegerProduct, weights: &[Weight], buffers: &ReadBuffers, in_tiles: bool) -> Result<Self> {
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

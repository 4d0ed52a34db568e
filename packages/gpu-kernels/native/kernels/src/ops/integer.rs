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
mod pack;
mod panels;
mod place;
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
use crate::program::{Form, IntegerProduct};
use crate::threads::Mode;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
use byte_panels::BytePanels;
use tile::Instructions;

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
mod tests;

//! Rounding to the grid of a quantised type, and the range of an item.

use super::elementwise::Side;
use crate::program::{FloatFormat, Quantize};
use crate::threads::Mode;

/// `size` elements an item. NaN becomes the lower bound, as a comparison with it is false.
pub fn quantize(mode: Mode, op: &Quantize, x: &[f32], parameters: Side, size: usize, y: &mut [f32]) {
    // Runs of elements that share a pair: a constant's channels alternate, a pair of an item lasts for the item.
    let run = op.inner.min(size);
    let length = mode.chunk_length(y.len(), run).div_ceil(run) * run;
    mode.chunks(y, length, |index, y| {
        let first = index * length;
        for (number, y) in y.chunks_mut(run).enumerate() {
            let at = first + number * run;
            let pair = if parameters.item_stride == 0 { at / op.inner % op.channels } else { at / size };
            let (scale, zero_point) = (parameters.data[2 * pair], parameters.data[2 * pair + 1]);
            for (y, &x) in y.iter_mut().zip(&x[at..]) {
                let q = ((x / scale).round_ties_even() + zero_point).max(op.min).min(op.max);
                *y = if op.dequantize { (q - zero_point) * scale } else { q };
            }
        }
    });
}

/// Scale and zero point of each item of `size` elements, as ONNX DynamicQuantizeLinear has them.
pub fn range(mode: Mode, x: &[f32], size: usize, y: &mut [f32]) {
    mode.chunks(y, 2, |item, y| {
        let fold = |(low, high): (f32, f32), &x: &f32| (low.min(x), high.max(x));
        let (low, high) = x[item * size..][..size].iter().fold((0.0, 0.0), fold);
        let scale = if low == high { 1.0 } else { (high - low) / 255.0 };
        y.copy_from_slice(&[scale, (-low / scale).clamp(0.0, 255.0).round_ties_even()]);
    });
}

/// The nearest number of a narrower format, halves to even.
pub fn round_float(mode: Mode, format: FloatFormat, x: &[f32], y: &mut [f32]) {
    let length = mode.chunk_length(y.len(), 1);
    mode.chunks(y, length, |index, y| {
        let x = &x[index * length..][..y.len()];
        match format {
            FloatFormat::Float16 => y.iter_mut().zip(x).for_each(|(y, &x)| *y = to_float16(x)),
            FloatFormat::Bfloat16 => y.iter_mut().zip(x).for_each(|(y, &x)| *y = without_bits(x, 16)),
        }
    });
}

/// Without its last `dropped` bits, rounded; a carry into the exponent is the next power of two, or infinity.
fn without_bits(x: f32, dropped: u32) -> f32 {
    if !x.is_finite() {
        return x;
    }
    let bits = x.to_bits();
    let half = (1 << (dropped - 1)) - 1 + (bits >> dropped & 1);
    f32::from_bits((bits + half) >> dropped << dropped)
}

fn to_float16(x: f32) -> f32 {
    // Below 2^-14 float16 has a fixed step of 2^-24.
    if x.abs() < 1.0 / 16_384.0 {
        return (x * 16_777_216.0).round_ties_even() / 16_777_216.0;
    }
    let rounded = without_bits(x, 13);
    if rounded.abs() > 65_504.0 { f32::INFINITY.copysign(x) } else { rounded }
}

//! Several steps that treat each element alone, as one: block by block through a stack of blocks in the first cache level.
//! Each action computes what its step computes, so that numbers have the same bits as with steps that go one by one.

#[cfg(target_arch = "x86_64")]
pub mod avx512;
mod table;

use super::elementwise::{Side, apply};
#[cfg(target_arch = "x86_64")]
use crate::gemm::Instructions;
use crate::program::{Action, Binary, Form, Meets, Pointwise};
use crate::scratch::Scratch;
use crate::threads::Mode;

/// Elements of a block. A multiple of 4, so that blocks of bytes begin with a float of the buffer.
const BLOCK: usize = 1024;

/// The bytes of floats: a buffer holds either.
pub fn bytes(floats: &[f32]) -> &[u8] {
    // SAFETY: bytes have no alignment and any bits are valid; the length is that of the floats.
    unsafe { std::slice::from_raw_parts(floats.as_ptr().cast(), size_of_val(floats)) }
}

pub fn bytes_mut(floats: &mut [f32]) -> &mut [u8] {
    // SAFETY: as for `bytes`, and any bytes are a float.
    unsafe { std::slice::from_raw_parts_mut(floats.as_mut_ptr().cast(), size_of_val(floats)) }
}

/// `sides` of the leaves, in floats of their buffers.
pub fn pointwise(mode: Mode, op: &Pointwise, sides: &[Side], y: &mut [f32]) {
    if table::look_up(mode, op, sides, y) {
        return;
    }
    let per_float = if op.form == Form::Floats { 1 } else { 4 };
    let item = op.size / per_float;
    let length = mode.chunk_length(y.len(), BLOCK / per_float).div_ceil(BLOCK / per_float) * (BLOCK / per_float);
    mode.chunks(y, length, |index, y| {
        let mut stack = Scratch::take(op.depth() * BLOCK);
        let mut at = index * length;
        let mut rest = y;
        while !rest.is_empty() {
            // A block ends with its item.
            let count = rest.len().min(BLOCK / per_float).min(item - at % item);
            let (y, after) = rest.split_at_mut(count);
            let place = Place { item: at / item, first: at % item * per_float, count: count * per_float };
            block(op, sides, place, &mut stack, y);
            (at, rest) = (at + count, after);
        }
    });
}

#[derive(Clone, Copy)]
struct Place {
    item: usize,
    /// Element of the item.
    first: usize,
    count: usize,
}

fn block(op: &Pointwise, sides: &[Side], place: Place, stack: &mut [f32], y: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    match Instructions::detect() {
        // SAFETY: `detect` found AVX-512F.
        Instructions::Avx512 => return unsafe { block_avx512(op, sides, place, stack, y) },
        // SAFETY: `detect` found AVX2 and FMA.
        Instructions::Avx2 => return unsafe { block_avx2(op, sides, place, stack, y) },
        Instructions::Portable => {}
    }
    block_portable(op, sides, place, stack, y);
}

/// The same loops, compiled for vectors of sixteen.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn block_avx512(op: &Pointwise, sides: &[Side], place: Place, stack: &mut [f32], y: &mut [f32]) {
    block_portable(op, sides, place, stack, y);
}

/// The same loops, compiled for vectors of eight.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn block_avx2(op: &Pointwise, sides: &[Side], place: Place, stack: &mut [f32], y: &mut [f32]) {
    block_portable(op, sides, place, stack, y);
}

#[inline(always)]
fn block_portable(op: &Pointwise, sides: &[Side], place: Place, stack: &mut [f32], y: &mut [f32]) {
    let number = |leaf: usize, index: usize| sides[leaf].data[place.item * sides[leaf].item_stride + index];
    match (&op.actions[..], op.form) {
        // What rounds to bytes at the end does so on the way to y.
        ([actions @ .., Action::Quantize { pair, min, max, dequantize: false }], Form::Bytes { least }) => {
            let rounding = Rounding { scale: number(*pair, 0), zero_point: number(*pair, 1), min: *min, max: *max, least };
            #[cfg(target_arch = "x86_64")]
            if let Some([a, b]) = scaled_bytes(op, actions, sides, place).filter(|_| avx512::available()) {
                // SAFETY: the instructions are there, and both sides have the elements of the block.
                return unsafe { avx512::sums_to_bytes(&rounding, a, b, bytes_mut(y)) };
            }
            if let [actions @ .., Action::Binary(Binary::Add)] = actions {
                run(op, actions, sides, place, stack);
                let (a, b) = stack.split_at(BLOCK);
                rounding.bytes_of_sums(&a[..place.count], &b[..place.count], bytes_mut(y));
            } else {
                run(op, actions, sides, place, stack);
                rounding.bytes_of(&stack[..place.count], bytes_mut(y));
            }
        }
        (actions, Form::Floats) => {
            run(op, actions, sides, place, stack);
            y.copy_from_slice(&stack[..place.count]);
        }
        _ => unreachable!("`narrow` stores as bytes what is rounded last"),
    }
}

/// Both sides where the actions are the sum of two values of bytes, as that of residuals is.
#[cfg(target_arch = "x86_64")]
fn scaled_bytes<'a>(op: &Pointwise, actions: &[Action], sides: &[Side<'a>], place: Place) -> Option<[avx512::Scaled<'a>; 2]> {
    let [a @ Action::PushScaled { .. }, b @ Action::PushScaled { .. }, Action::Binary(Binary::Add)] = actions else { return None };
    let number = |[leaf, index]: [usize; 2]| sides[leaf].data[place.item * sides[leaf].item_stride + index];
    let side = |action: &Action| {
        let Action::PushScaled { leaf, zero, scale } = *action else { return None };
        let (Meets::Each, Form::Bytes { least }) = (op.leaves[leaf].meets, op.leaves[leaf].form) else { return None };
        let bytes = &bytes(&sides[leaf].data[place.item * sides[leaf].item_stride..])[place.first..][..place.count];
        Some(avx512::Scaled { bytes, least, zero: zero.map_or(0.0, number), scale: number(scale) })
    };
    Some([side(a)?, side(b)?])
}

#[inline(always)]
fn run(op: &Pointwise, actions: &[Action], sides: &[Side], place: Place, stack: &mut [f32]) {
    let count = place.count;
    let mut top = 0;
    let number = |leaf: usize, index: usize| sides[leaf].data[place.item * sides[leaf].item_stride + index];
    for action in actions {
        let (below, above) = stack.split_at_mut(top * BLOCK);
        match *action {
            Action::Push(leaf) => {
                push(op, sides, place, leaf, &mut above[..count], 0.0, 1.0);
                top += 1;
            }
            Action::PushScaled { leaf, zero, scale: [leaf_of_scale, index] } => {
                let scale = number(leaf_of_scale, index);
                let zero = zero.map_or(0.0, |[zero, index]| number(zero, index));
                push(op, sides, place, leaf, &mut above[..count], zero, scale);
                top += 1;
            }
            Action::Unary(function) => apply(function, &mut below[(top - 1) * BLOCK..][..count]),
            Action::Binary(function) => {
                let (a, b) = below.split_at_mut((top - 1) * BLOCK);
                binary(function, &mut a[(top - 2) * BLOCK..][..count], &b[..count]);
                top -= 1;
            }
            Action::BinaryWith(function, leaf) => binary_with(function, &mut below[(top - 1) * BLOCK..][..count], number(leaf, 0)),
            Action::Quantize { pair, min, max, dequantize } => {
                let (scale, zero_point) = (number(pair, 0), number(pair, 1));
                let x = &mut below[(top - 1) * BLOCK..][..count];
                if dequantize {
                    x.iter_mut().for_each(|x| *x = (grid(*x, scale, zero_point, min, max) - zero_point) * scale);
                } else {
                    x.iter_mut().for_each(|x| *x = grid(*x, scale, zero_point, min, max));
                }
            }
            Action::Dequantize { pair } => {
                let (scale, zero_point) = (number(pair, 0), number(pair, 1));
                below[(top - 1) * BLOCK..][..count].iter_mut().for_each(|x| *x = (*x - zero_point) * scale);
            }
        }
    }
}

/// (x - zero) · scale, which is x where they are 0 and 1.
#[inline(always)]
fn push(op: &Pointwise, sides: &[Side], place: Place, leaf: usize, to: &mut [f32], zero: f32, scale: f32) {
    let (Side { data, item_stride }, leaf) = (sides[leaf], op.leaves[leaf]);
    let data = &data[place.item * item_stride..];
    match (leaf.meets, leaf.form) {
        (Meets::Each, Form::Floats) => to.iter_mut().zip(&data[place.first..]).for_each(|(to, &x)| *to = (x - zero) * scale),
        (Meets::Each, Form::Bytes { least }) => {
            for (to, &x) in to.iter_mut().zip(&bytes(data)[place.first..]) {
                *to = ((i32::from(x) + least) as f32 - zero) * scale;
            }
        }
        (Meets::Rows, _) => {
            let row = &data[..leaf.size];
            let (mut done, mut from) = (0, place.first % leaf.size);
            while done < to.len() {
                let count = (to.len() - done).min(leaf.size - from);
                to[done..done + count].iter_mut().zip(&row[from..from + count]).for_each(|(to, &x)| *to = (x - zero) * scale);
                (done, from) = (done + count, 0);
            }
        }
        (Meets::All, _) => to.fill((data[0] - zero) * scale),
    }
}

/// To a grid of bytes.
#[derive(Clone, Copy)]
struct Rounding {
    scale: f32,
    zero_point: f32,
    min: f32,
    max: f32,
    least: i32,
}

impl Rounding {
    #[inline(always)]
    fn byte(&self, x: f32) -> u8 {
        let q = grid(x, self.scale, self.zero_point, self.min, self.max);
        // SAFETY: `narrow` stores as bytes what lies between `least` and `least + 255` alone.
        unsafe { q.to_int_unchecked::<i32>() }.wrapping_sub(self.least) as u8
    }

    #[inline(always)]
    fn bytes_of(&self, x: &[f32], y: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if avx512::available() {
            // SAFETY: the instructions are there; both have as many elements, as below.
            return unsafe { avx512::to_bytes(self, x, None, y) };
        }
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = self.byte(x));
    }

    #[inline(always)]
    fn bytes_of_sums(&self, a: &[f32], b: &[f32], y: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if avx512::available() {
            // SAFETY: as above.
            return unsafe { avx512::to_bytes(self, a, Some(b), y) };
        }
        y.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y = self.byte(a + b));
    }
}

/// NaN becomes the lower bound, as a comparison with it is false.
#[inline(always)]
fn grid(x: f32, scale: f32, zero_point: f32, min: f32, max: f32) -> f32 {
    let q = (x / scale).round_ties_even() + zero_point;
    let q = if q > min { q } else { min };
    if q < max { q } else { max }
}

#[inline(always)]
fn binary(function: Binary, a: &mut [f32], b: &[f32]) {
    match function {
        Binary::Add => zip(a, b, |a, b| a + b),
        Binary::Sub => zip(a, b, |a, b| a - b),
        Binary::Mul => zip(a, b, |a, b| a * b),
        Binary::Div => zip(a, b, |a, b| a / b),
        _ => unreachable!("`narrow` joins no other functions of two numbers"),
    }
}

#[inline(always)]
fn binary_with(function: Binary, a: &mut [f32], b: f32) {
    match function {
        Binary::Add => a.iter_mut().for_each(|a| *a += b),
        Binary::Sub => a.iter_mut().for_each(|a| *a -= b),
        Binary::Mul => a.iter_mut().for_each(|a| *a *= b),
        Binary::Div => a.iter_mut().for_each(|a| *a /= b),
        _ => unreachable!("`narrow` joins no other functions of two numbers"),
    }
}

#[inline(always)]
fn zip(a: &mut [f32], b: &[f32], function: impl Fn(f32, f32) -> f32) {
    a.iter_mut().zip(b).for_each(|(a, &b)| *a = function(*a, b));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quotients on halves, beside them and far off, among them those that are neither finite nor numbers.
    #[test]
    fn rounding_without_a_division_gives_what_a_division_gives() {
        for scale in [0.1f32, 0.007_812_5, 0.023_529_412, 3.0, 1.7e-39, 2.0e38] {
            let halves = (-600..600).flat_map(|half| {
                let exact = half as f32 / 2.0 * scale;
                [exact, exact.next_up(), exact.next_down(), exact * 1.000_02, exact * 0.999_97]
            });
            let x: Vec<f32> = halves.chain([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MAX, f32::MIN_POSITIVE / 8.0]).collect();
            let rounding = Rounding { scale, zero_point: 131.0, min: 0.0, max: 255.0, least: 0 };
            let mut y = vec![0; x.len()];
            rounding.bytes_of(&x, &mut y);
            for (x, y) in x.iter().zip(y) {
                let q = (x / scale).round_ties_even() + 131.0;
                let expected = if q > 0.0 { q.min(255.0) as u8 } else { 0 };
                assert_eq!(y, expected, "{x} / {scale}");
            }
        }
    }
}

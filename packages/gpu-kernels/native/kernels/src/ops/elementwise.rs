//! Unary and binary functions. Loops are plain, so that the compiler vectorises them.

use crate::program::{Binary, Loop, Unary};
use crate::threads::Mode;

/// NaN stays NaN.
#[inline(always)]
pub fn clamp(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// 1 / (1 + e^-x). For large negative x, e^-x is infinite and the result 0, as it should be.
pub fn sigmoid(values: &mut [f32]) {
    for value in values {
        *value = 1.0 / (1.0 + (-*value).exp());
    }
}

pub fn unary(mode: Mode, function: Unary, x: &[f32], y: &mut [f32]) {
    let length = mode.chunk_length(y.len(), 1);
    mode.chunks(y, length, |index, y| {
        let x = &x[index * length..][..y.len()];
        match function {
            Unary::Clamp { low, high } => map(x, y, |x| clamp(x, low, high)),
            Unary::Sigmoid => {
                y.copy_from_slice(x);
                sigmoid(y);
            }
            Unary::Log => map(x, y, f32::ln),
            Unary::Exp => map(x, y, f32::exp),
            Unary::Sqrt => map(x, y, f32::sqrt),
            Unary::Abs => map(x, y, f32::abs),
            Unary::Neg => map(x, y, |x| -x),
            Unary::Tanh => map(x, y, f32::tanh),
            Unary::Reciprocal => map(x, y, f32::recip),
        }
    });
}

#[inline(always)]
fn map(x: &[f32], y: &mut [f32], function: impl Fn(f32) -> f32) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = function(x);
    }
}

/// An operand and how far the next item is: 0 for a weight.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub data: &'a [f32],
    pub item_stride: usize,
}

pub fn binary(mode: Mode, function: Binary, a: Side, b: Side, loops: &[Loop], items: usize, y: &mut [f32]) {
    match function {
        Binary::Add => walk(mode, a, b, loops, items, y, |a, b| a + b),
        Binary::Sub => walk(mode, a, b, loops, items, y, |a, b| a - b),
        Binary::Mul => walk(mode, a, b, loops, items, y, |a, b| a * b),
        Binary::Div => walk(mode, a, b, loops, items, y, |a, b| a / b),
        // ONNX follows NumPy here: NaN in either operand gives NaN.
        Binary::Min => walk(mode, a, b, loops, items, y, |a, b| if a < b || a.is_nan() { a } else { b }),
        Binary::Max => walk(mode, a, b, loops, items, y, |a, b| if a > b || a.is_nan() { a } else { b }),
    }
}

fn walk(mode: Mode, a: Side, b: Side, loops: &[Loop], items: usize, y: &mut [f32], function: impl Fn(f32, f32) -> f32 + Sync) {
    let Some((inner, outer)) = loops.split_last() else { return };
    let rows = y.len() / items / inner.size;
    let length = mode.chunk_length(y.len(), inner.size).div_ceil(inner.size) * inner.size;
    mode.chunks(y, length, |index, y| {
        for (number, y) in y.chunks_exact_mut(inner.size).enumerate() {
            let row = index * (length / inner.size) + number;
            let (item, row) = (row / rows, row % rows);
            let (at_a, at_b) = offsets(outer, row);
            let a = &a.data[item * a.item_stride + at_a..];
            let b = &b.data[item * b.item_stride + at_b..];
            inner_loop(*inner, a, b, y, &function);
        }
    });
}

fn inner_loop(inner: Loop, a: &[f32], b: &[f32], y: &mut [f32], function: impl Fn(f32, f32) -> f32) {
    let size = inner.size;
    match (inner.a, inner.b) {
        (1, 1) => {
            for ((y, &a), &b) in y.iter_mut().zip(&a[..size]).zip(&b[..size]) {
                *y = function(a, b);
            }
        }
        (1, 0) => map(&a[..size], y, |a| function(a, b[0])),
        (0, 1) => map(&b[..size], y, |b| function(a[0], b)),
        (by_a, by_b) => {
            for (index, y) in y.iter_mut().enumerate() {
                *y = function(a[index * by_a], b[index * by_b]);
            }
        }
    }
}

/// Where the operands of iteration `index` of the outer loops start.
pub fn offsets(outer: &[Loop], mut index: usize) -> (usize, usize) {
    let (mut a, mut b) = (0, 0);
    for step in outer.iter().rev() {
        let coordinate = index % step.size;
        index /= step.size;
        a += coordinate * step.a;
        b += coordinate * step.b;
    }
    (a, b)
}

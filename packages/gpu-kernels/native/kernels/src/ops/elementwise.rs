//! Unary and binary functions. Loops are plain, so that the compiler vectorises them.

use std::f32::consts::LN_2;

use super::math;
#[cfg(target_arch = "x86_64")]
use crate::gemm::Instructions;
use crate::program::{Binary, Loop, Unary};
use crate::threads::Mode;

/// NaN stays NaN.
#[inline(always)]
pub fn clamp(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// Numbers that stay in the first cache level between the copy and the function.
const BLOCK: usize = 4096;

pub fn unary(mode: Mode, function: Unary, x: &[f32], y: &mut [f32]) {
    let length = mode.chunk_length(y.len(), 1).min(BLOCK);
    mode.chunks(y, length, |index, y| {
        y.copy_from_slice(&x[index * length..][..y.len()]);
        apply(function, y);
    });
}

/// The one place where functions of one number are computed, for unary steps and after convolutions and products.
/// Vectors of four need no other copy of the loops: SSE2 and NEON are in the base sets of x86-64 and aarch64.
pub fn apply(function: Unary, values: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    match Instructions::detect() {
        // SAFETY: `detect` found AVX-512F.
        Instructions::Avx512 => return unsafe { apply_avx512(function, values) },
        // SAFETY: `detect` found AVX2 and FMA.
        Instructions::Avx2 => return unsafe { apply_avx2(function, values) },
        Instructions::Portable => {}
    }
    apply_portable(function, values);
}

/// The same loops, compiled for vectors of sixteen.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn apply_avx512(function: Unary, values: &mut [f32]) {
    apply_portable(function, values);
}

/// The same loops, compiled for vectors of eight.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn apply_avx2(function: Unary, values: &mut [f32]) {
    apply_portable(function, values);
}

#[inline(always)]
fn apply_portable(function: Unary, y: &mut [f32]) {
    match function {
        Unary::Clamp { low, high } => each(y, |x| clamp(x, low, high)),
        Unary::Sigmoid => each(y, math::sigmoid),
        Unary::Log => each(y, f32::ln),
        Unary::Exp => each(y, f32::exp),
        Unary::Sqrt => each(y, f32::sqrt),
        Unary::Abs => each(y, f32::abs),
        Unary::Neg => each(y, |x| -x),
        Unary::Tanh => each(y, math::tanh),
        Unary::Reciprocal => each(y, f32::recip),
        Unary::Erf => each(y, math::erf),
        Unary::Gelu => each(y, |x| 0.5 * x * (1.0 + math::erf(x * std::f32::consts::FRAC_1_SQRT_2))),
        Unary::GeluTanh => each(y, |x| 0.5 * x * (1.0 + math::tanh(0.797_884_6 * (x + 0.044_715 * x * x * x)))),
        Unary::Swish { alpha } => each(y, |x| x * math::sigmoid(alpha * x)),
        Unary::HardSigmoid { alpha, beta } => each(y, |x| clamp(alpha * x + beta, 0.0, 1.0)),
        Unary::HardSwish => each(y, |x| x * clamp(x / 6.0 + 0.5, 0.0, 1.0)),
        Unary::Mish => each(y, mish),
        Unary::Softplus => each(y, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
        Unary::Softsign => each(y, |x| x / (1.0 + x.abs())),
        Unary::LeakyRelu { alpha } => each(y, |x| if x < 0.0 { alpha * x } else { x }),
        Unary::Elu { alpha } => each(y, |x| if x < 0.0 { alpha * x.exp_m1() } else { x }),
        Unary::Selu { alpha, gamma } => each(y, |x| gamma * if x > 0.0 { x } else { alpha * x.exp_m1() }),
        Unary::Celu { alpha } => each(y, |x| if x < 0.0 { alpha * (x / alpha).exp_m1() } else { x }),
        Unary::ThresholdedRelu { alpha } => each(y, |x| if x > alpha { x } else { 0.0 }),
        Unary::Shrink { lambda, bias } => each(y, |x| shrink(x, lambda, bias)),
        _ => apply_rare(function, y),
    }
}

fn apply_rare(function: Unary, y: &mut [f32]) {
    match function {
        Unary::Floor => each(y, f32::floor),
        Unary::Ceil => each(y, f32::ceil),
        Unary::Round => each(y, f32::round_ties_even),
        Unary::Trunc => each(y, f32::trunc),
        Unary::Sign => each(y, |x| if x == 0.0 || x.is_nan() { x } else { x.signum() }),
        Unary::Not => each(y, |x| f32::from(x == 0.0)),
        Unary::Sin => each(y, f32::sin),
        Unary::Cos => each(y, f32::cos),
        Unary::Tan => each(y, f32::tan),
        Unary::Asin => each(y, f32::asin),
        Unary::Acos => each(y, f32::acos),
        Unary::Atan => each(y, f32::atan),
        Unary::Sinh => each(y, f32::sinh),
        Unary::Cosh => each(y, f32::cosh),
        Unary::Asinh => each(y, |x| if x.abs() > 1e9 { (x.abs().ln() + LN_2).copysign(x) } else { x.asinh() }),
        Unary::Acosh => each(y, |x| if x > 1e9 { x.ln() + LN_2 } else { x.acosh() }),
        Unary::Atanh => each(y, f32::atanh),
        Unary::IsNan => each(y, |x| f32::from(x.is_nan())),
        Unary::IsInf { negative, positive } => each(y, |x| f32::from(x.is_infinite() && if x < 0.0 { negative } else { positive })),
        _ => {}
    }
}

/// x · tanh(log(1 + e^x)), in which tanh and log cancel; above 20 it is x, and below −87 `exp` ends.
#[inline(always)]
fn mish(x: f32) -> f32 {
    let e = math::exp(if x > 20.0 { 20.0 } else { x });
    let n = e * (e + 2.0);
    x * if x < -87.0 { 0.0 } else { n / (n + 2.0) }
}

#[inline(always)]
fn shrink(x: f32, lambda: f32, bias: f32) -> f32 {
    if x < -lambda {
        x + bias
    } else if x > lambda {
        x - bias
    } else {
        0.0
    }
}

#[inline(always)]
fn each(values: &mut [f32], function: impl Fn(f32) -> f32) {
    for value in values {
        *value = function(*value);
    }
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
        Binary::Pow => walk(mode, a, b, loops, items, y, f32::powf),
        Binary::Mod => walk(mode, a, b, loops, items, y, floor_mod),
        Binary::Fmod => walk(mode, a, b, loops, items, y, |a, b| a % b),
        Binary::DivideWhole => walk(mode, a, b, loops, items, y, |a, b| (a / b).trunc()),
        Binary::Equal => walk(mode, a, b, loops, items, y, |a, b| f32::from(a == b)),
        Binary::Less => walk(mode, a, b, loops, items, y, |a, b| f32::from(a < b)),
        Binary::LessEqual => walk(mode, a, b, loops, items, y, |a, b| f32::from(a <= b)),
        Binary::Prelu => walk(mode, a, b, loops, items, y, |a, b| if a < 0.0 { a * b } else { a }),
    }
}

fn floor_mod(a: f32, b: f32) -> f32 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
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

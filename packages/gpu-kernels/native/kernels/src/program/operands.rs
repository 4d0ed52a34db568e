//! What steps work on: images, windows, products and loops, as numbers that were checked against each other.

use super::{Activation, Form};
use crate::plan::PlanRequantize;

/// Height, width, channels of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Extent {
    pub fn size(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// How a window slides: kernel, strides and dilations as (y, x), padding before the first row and column.
/// Padding after the last ones shows in the extent of the output.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub kernel: [usize; 2],
    pub strides: [usize; 2],
    pub dilations: [usize; 2],
    pub top: usize,
    pub left: usize,
}

#[derive(Debug, Clone)]
pub struct Conv {
    pub x: usize,
    pub weight: usize,
    pub bias: Option<usize>,
    pub residual: Option<usize>,
    pub input: Extent,
    pub output: Extent,
    pub window: Window,
    pub groups: usize,
    pub activation: Activation,
}

#[derive(Debug, Clone)]
pub struct Gemm {
    pub x: usize,
    pub weight: usize,
    pub bias: Option<usize>,
    pub residual: Option<usize>,
    /// Rows per item.
    pub rows: usize,
    pub k: usize,
    pub n: usize,
    pub activation: Activation,
}

/// Pairs of scale and zero point: one an item where `parameters` is a value, else one for each of `channels`.
#[derive(Debug, Clone)]
pub struct Quantize {
    pub x: usize,
    pub parameters: Operand,
    pub channels: usize,
    /// Elements that follow each other with the same pair.
    pub inner: usize,
    pub min: f32,
    pub max: f32,
    pub dequantize: bool,
}

/// conv2d-integer; gemm-integer is one of an image as high as x has rows, one pixel wide.
#[derive(Debug, Clone)]
pub struct IntegerProduct {
    pub x: usize,
    pub zero_point: i32,
    /// A value with one number an item that is taken from x besides.
    pub item_zero_point: Option<usize>,
    pub weight: usize,
    pub weight_bits: u32,
    pub bias: Option<usize>,
    pub scale: Option<usize>,
    /// What scaled sums are divided by before they are rounded.
    pub divisor: Option<f32>,
    pub requantize: Option<PlanRequantize>,
    /// What is added to y before it is stored. Only `narrow` sets it.
    pub addition: Option<Addition>,
    pub input: Extent,
    pub output: Extent,
    pub window: Window,
    pub groups: usize,
    /// How x and y lie in their buffers.
    pub from: Form,
    pub to: Form,
}

/// A value of bytes that is added to the rounded numbers of a product as both stand for, before the sums are divided and rounded:
/// (product - zero) · scale + (value - zero) · scale.
#[derive(Debug, Clone)]
pub struct Addition {
    pub value: usize,
    /// Of the bytes of the value.
    pub least: i32,
    /// Whole zero points, and scales: of the product's numbers and of the value's.
    pub zeros: [f32; 2],
    pub scales: [f32; 2],
    pub divisor: f32,
    pub requantize: PlanRequantize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operand {
    Value(usize),
    Weight(usize),
}

#[derive(Debug, Clone)]
pub struct Matmul {
    pub a: Operand,
    pub b: Operand,
    /// Products per item.
    pub count: usize,
    pub m: usize,
    pub k: usize,
    pub n: usize,
}

/// One loop of an elementwise or copying step: `size` iterations, operands advance by their strides (in elements).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loop {
    pub size: usize,
    pub a: usize,
    pub b: usize,
}

/// One loop of a copy: it may stand still or walk backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    pub size: usize,
    pub stride: isize,
}

/// One loop over three operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loop3 {
    pub size: usize,
    pub strides: [usize; 3],
}

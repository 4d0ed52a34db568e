//! Rules that single numbers of a plan must keep, for `check`.

use crate::error::{Result, refuse};
use crate::functions::unary_function;
use crate::plan::PlanActivation;
use crate::program::{Activation, Loop, Unary, Window};

/// Why a step cannot be: refused as malformed, or unsupported with a reason.
pub enum Fault {
    Refused(crate::error::Error),
    Unsupported(String),
}
impl From<crate::error::Error> for Fault {
    fn from(error: crate::error::Error) -> Self {
        Fault::Refused(error)
    }
}

/// Elements of one value or weight. Far above any real network; keeps index arithmetic from overflowing.
pub const MAX_ELEMENTS: usize = 1 << 40;
/// Far above any real batch.
pub const MAX_BATCH: usize = 1 << 20;
/// Strides, pads, dilations and kernel sides above this are refused, so that sums of them cannot overflow.
pub const MAX_WINDOW: usize = 1 << 20;

pub fn check_shape(what: &str, shape: &[usize]) -> Result<()> {
    let mut size = 1usize;
    for &dimension in shape {
        size = size.saturating_mul(dimension);
        if dimension == 0 || size > MAX_ELEMENTS {
            refuse!("Expected the shape of {what} to have sizes from 1 and at most 2^40 elements, received {shape:?}.");
        }
    }
    Ok(())
}

pub fn refuse_fault<T>(message: String) -> std::result::Result<T, Fault> {
    Err(Fault::Refused(crate::error::Error::GraphInvalid(message)))
}

pub fn size(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Positions of a window of `kernel` taps, floor as ONNX; 0 where it does not fit once.
pub fn slide(input: usize, kernel: usize, stride: usize, dilation: usize, padding: usize) -> usize {
    let reach = dilation * (kernel - 1) + 1;
    (input + padding).checked_sub(reach).map_or(0, |rest| rest / stride + 1)
}

pub fn check_window(step: &str, kernel: [usize; 2], strides: [usize; 2], dilations: [usize; 2], pads: [usize; 4]) -> Result<Window> {
    let positive = [kernel, strides, dilations].concat();
    if positive.iter().any(|&number| number == 0 || number > MAX_WINDOW) || pads.iter().any(|&pad| pad > MAX_WINDOW) {
        refuse!(
            "Expected kernel, strides and dilations of step `{step}` from 1 and pads from 0, all up to 2^20, received {kernel:?}, {strides:?}, {dilations:?}, {pads:?}."
        );
    }
    Ok(Window { kernel, strides, dilations, top: pads[0], left: pads[1] })
}

pub fn check_clip(step: &str, min: Option<f32>, max: Option<f32>) -> Result<(f32, f32)> {
    let (low, high) = (min.unwrap_or(f32::NEG_INFINITY), max.unwrap_or(f32::INFINITY));
    if low > high {
        refuse!("Expected min to be at most max in the clip of step `{step}`, received {low} and {high}.");
    }
    Ok((low, high))
}

pub fn check_activation(step: &str, activation: &PlanActivation) -> std::result::Result<Activation, Fault> {
    if activation.kind == "none" {
        return Ok(Activation::NONE);
    }
    match unary_function(step, &activation.kind, &activation.parameters)? {
        Some(Unary::Clamp { low, high }) => Ok(Activation::Clamp { low, high }),
        Some(function) => Ok(Activation::Function(function)),
        None => Err(Fault::Unsupported(format!("this backend does not know the activation `{}`", activation.kind))),
    }
}

/// The largest coordinate must stay inside the operand.
pub fn check_strides(step: &str, side: char, shape: &[usize], strides: &[usize], operand: &[usize]) -> Result<()> {
    let last = shape.iter().zip(strides).try_fold(0usize, |sum, (size, stride)| sum.checked_add((size - 1).checked_mul(*stride)?));
    if strides.len() != shape.len() || last.is_none_or(|last| last >= size(operand)) {
        refuse!("Expected `{side}Strides` of step `{step}` to reach from output {shape:?} into operand {operand:?}, received {strides:?}.");
    }
    Ok(())
}

/// Drops loops of size 1 and joins neighbours that walk memory as one.
pub fn merge(loops: impl Iterator<Item = Loop>) -> Vec<Loop> {
    let mut merged: Vec<Loop> = Vec::new();
    for next in loops.filter(|next| next.size > 1) {
        match merged.last_mut() {
            Some(last) if last.a == next.a * next.size && last.b == next.b * next.size => {
                *last = Loop { size: last.size * next.size, ..next };
            }
            _ => merged.push(next),
        }
    }
    if merged.is_empty() {
        merged.push(Loop { size: 1, a: 0, b: 0 });
    }
    merged
}

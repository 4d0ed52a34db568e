//! Checks of the steps that lay numbers out anew: resize-nearest, pad, transpose, reshape.

use super::Checker;
use crate::plan::StepOp;
use crate::program::{Form, Loop, Op};
use crate::rules::{Fault, MAX_ELEMENTS, merge, refuse_fault, size};

impl Checker<'_> {
    pub(super) fn layout(&self, step: &str, output: usize, body: &StepOp) -> Result<Op, Fault> {
        match body {
            StepOp::ResizeNearest { x } => {
                let x = self.value(step, *x)?;
                let (input, extent) = (self.extent(step, x)?, self.extent(step, output)?);
                if input.channels != extent.channels {
                    self.expect_output(step, output, &[extent.height, extent.width, input.channels])?;
                }
                Ok(Op::ResizeNearest { x, input, output: extent })
            }
            StepOp::Pad { x, pads, value } => {
                let x = self.value(step, *x)?;
                let input = self.extent(step, x)?;
                let side = |size: usize, before: i64, after: i64| {
                    let sum = i128::from(before) + i128::from(after) + size as i128;
                    usize::try_from(sum).unwrap_or(0)
                };
                let [top, left, bottom, right] = *pads;
                let padded = [side(input.height, top, bottom), side(input.width, left, right), input.channels];
                self.expect_output(step, output, &padded)?;
                if !(-(MAX_ELEMENTS as i64)..MAX_ELEMENTS as i64).contains(&top.min(left)) {
                    refuse_fault(format!("Expected pads of step `{step}` within 2^40, received {pads:?}."))?;
                }
                let output = self.extent(step, output)?;
                Ok(Op::Pad { x, top, left, value: *value, input, output })
            }
            StepOp::Transpose { x, permutation } => {
                let x = self.value(step, *x)?;
                let shape = self.shapes[x];
                let mut sorted = permutation.clone();
                sorted.sort_unstable();
                if !sorted.iter().copied().eq(0..shape.len()) {
                    refuse_fault(format!(
                        "Expected a permutation of {} dimensions in step `{step}`, received {permutation:?}.",
                        shape.len()
                    ))?;
                }
                let permuted: Vec<usize> = permutation.iter().map(|&dimension| shape[dimension]).collect();
                self.expect_output(step, output, &permuted)?;
                let stride = |dimension: usize| size(&shape[dimension + 1..]);
                let loops = merge(permutation.iter().map(|&dimension| Loop { size: shape[dimension], a: stride(dimension), b: 0 }));
                Ok(Op::Transpose { x, loops, form: Form::Floats })
            }
            StepOp::Reshape { x } => {
                let x = self.value(step, *x)?;
                if size(self.shapes[x]) != size(self.shapes[output]) {
                    refuse_fault(format!(
                        "Expected step `{step}` to keep the number of elements, received {:?} to {:?}.",
                        self.shapes[x], self.shapes[output]
                    ))?;
                }
                Ok(Op::Reshape { x })
            }
            _ => refuse_fault(format!("Expected step `{step}` to lay numbers out anew.")),
        }
    }
}

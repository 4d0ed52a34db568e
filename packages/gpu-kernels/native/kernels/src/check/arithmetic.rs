//! Checks of functions of numbers and of sums over dimensions: unary, binary, softmax, reduce, global-average-pool.

use super::Checker;
use crate::functions::{binary_function, unary_function};
use crate::plan::StepOp;
use crate::program::{Extent, Loop, Op, Reduction};
use crate::rules::{Fault, check_strides, merge, refuse_fault, size};

impl Checker<'_> {
    pub(super) fn arithmetic(&self, step: &str, output: usize, body: &StepOp) -> Result<Op, Fault> {
        match body {
            StepOp::Unary { function, x, parameters } => {
                let x = self.value(step, *x)?;
                self.expect_output(step, output, self.shapes[x])?;
                match unary_function(step, function, parameters)? {
                    Some(function) => Ok(Op::Unary { x, function }),
                    None => Err(Fault::Unsupported(format!("this backend does not know the function `{function}`"))),
                }
            }
            StepOp::Binary { function, a, a_weight, a_strides, b, b_weight, b_strides } => {
                let Some(function) = binary_function(function) else {
                    return Err(Fault::Unsupported(format!("this backend does not know the function `{function}`")));
                };
                let (a, a_shape) = self.operand(step, 'a', *a, a_weight.as_deref())?;
                let (b, b_shape) = self.operand(step, 'b', *b, b_weight.as_deref())?;
                let shape = self.shapes[output];
                check_strides(step, 'a', shape, a_strides, a_shape)?;
                check_strides(step, 'b', shape, b_strides, b_shape)?;
                let loops = shape.iter().zip(a_strides).zip(b_strides);
                let loops = merge(loops.map(|((&size, &a), &b)| Loop { size, a, b }));
                Ok(Op::Binary { function, a, b, loops })
            }
            StepOp::GlobalAveragePool { x } => {
                let x = self.value(step, *x)?;
                let Extent { height, width, channels } = self.extent(step, x)?;
                if size(self.shapes[output]) != channels {
                    self.expect_output(step, output, &[channels])?;
                }
                Ok(Op::GlobalAveragePool { x, pixels: height * width, channels })
            }
            StepOp::Softmax { x } => {
                let x = self.value(step, *x)?;
                self.expect_output(step, output, self.shapes[x])?;
                Ok(Op::Softmax { x, width: self.shapes[x].last().copied().unwrap_or(1) })
            }
            StepOp::Reduce { function, x, dimension } => {
                let function = match function.as_str() {
                    "mean" => Reduction::Mean,
                    "sum" => Reduction::Sum,
                    "max" => Reduction::Max,
                    "min" => Reduction::Min,
                    "product" => Reduction::Product,
                    other => return Err(Fault::Unsupported(format!("this backend does not know the function `{other}`"))),
                };
                let x = self.value(step, *x)?;
                let shape = self.shapes[x];
                let Some(&length) = shape.get(*dimension) else {
                    return refuse_fault(format!(
                        "Expected step `{step}` to reduce one of {} dimensions, received {dimension}.",
                        shape.len()
                    ));
                };
                let mut reduced = shape.to_vec();
                reduced[*dimension] = 1;
                self.expect_output(step, output, &reduced)?;
                Ok(Op::Reduce { x, function, length, inner: size(&shape[dimension + 1..]) })
            }
            _ => refuse_fault(format!("Expected step `{step}` to be arithmetic.")),
        }
    }
}

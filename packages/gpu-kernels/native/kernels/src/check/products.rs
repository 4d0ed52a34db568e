//! Checks of products: conv2d, gemm and matmul.

use super::Checker;
use crate::error::{Result, refuse};
use crate::plan::StepOp;
use crate::program::{Conv, Gemm, Matmul, Op, Operand};
use crate::rules::{Fault, check_activation, check_window, refuse_fault, size, slide};

type Resolved = std::result::Result<Op, Fault>;

impl<'a> Checker<'a> {
    pub(super) fn product(&self, step: &str, output: usize, body: &StepOp) -> Resolved {
        match body {
            StepOp::Conv2d { .. } => self.conv2d(step, output, body),
            StepOp::Gemm { x, weight, bias, residual, activation } => {
                let (x, weight) = (self.value(step, *x)?, self.weight(step, weight)?);
                let (&[n, k], Some((&last, lead))) = (self.pair(step, weight)?, self.shapes[x].split_last()) else {
                    return refuse_fault(format!("Expected x of step `{step}` to have a dimension to multiply over."));
                };
                if last != k {
                    refuse_fault(format!("Expected the last dimension of x of step `{step}` to be {k}, received {last}."))?;
                }
                self.expect_output(step, output, &[lead, &[n]].concat())?;
                Ok(Op::Gemm(Gemm {
                    x,
                    weight,
                    bias: self.bias(step, bias.as_ref(), n)?,
                    residual: self.residual(step, *residual, output)?,
                    rows: size(lead),
                    k,
                    n,
                    activation: check_activation(step, activation)?,
                }))
            }
            StepOp::Matmul { a, a_weight, b, b_weight } => {
                let (a, a_shape) = self.operand(step, 'a', *a, a_weight.as_deref())?;
                let (b, b_shape) = self.operand(step, 'b', *b, b_weight.as_deref())?;
                self.matmul(step, output, (a, a_shape), (b, b_shape))
            }
            _ => refuse_fault(format!("Expected step `{step}` to be a product.")),
        }
    }

    fn residual(&self, step: &str, residual: Option<i64>, output: usize) -> Result<Option<usize>> {
        let Some(id) = residual else { return Ok(None) };
        let index = self.value(step, id)?;
        if size(self.shapes[index]) != size(self.shapes[output]) {
            refuse!(
                "Expected the residual of step `{step}` to have the shape of its output {:?}, received {:?}.",
                self.shapes[output],
                self.shapes[index]
            );
        }
        Ok(Some(index))
    }

    fn pair(&self, step: &str, weight: usize) -> Result<&'a [usize; 2]> {
        match self.weight_shapes[weight].try_into() {
            Ok(pair) => Ok(pair),
            Err(_) => refuse!("Expected the weight of step `{step}` to be [n, k], received {:?}.", self.weight_shapes[weight]),
        }
    }

    fn conv2d(&self, step: &str, output: usize, body: &StepOp) -> Resolved {
        let StepOp::Conv2d { x, weight, bias, residual, strides, pads, dilations, groups, activation } = body else {
            return refuse_fault(format!("Expected step `{step}` to be a conv2d."));
        };
        let (x, weight) = (self.value(step, *x)?, self.weight(step, weight)?);
        let input = self.extent(step, x)?;
        let &[filters, kernel_height, kernel_width, depth] = self.weight_shapes[weight] else {
            return refuse_fault(format!(
                "Expected the weight of step `{step}` to be [outputChannels, height, width, inputChannels / groups], received {:?}.",
                self.weight_shapes[weight]
            ));
        };
        if *groups == 0 || !filters.is_multiple_of(*groups) || depth.checked_mul(*groups) != Some(input.channels) {
            refuse_fault(format!(
                "Expected {} input and {filters} output channels of step `{step}` to fall into {groups} groups of depth {depth}.",
                input.channels
            ))?;
        }
        let window = check_window(step, [kernel_height, kernel_width], *strides, *dilations, *pads)?;
        let height = slide(input.height, kernel_height, strides[0], dilations[0], pads[0] + pads[2]);
        let width = slide(input.width, kernel_width, strides[1], dilations[1], pads[1] + pads[3]);
        self.expect_output(step, output, &[height, width, filters])?;
        Ok(Op::Conv(Conv {
            x,
            weight,
            bias: self.bias(step, bias.as_ref(), filters)?,
            residual: self.residual(step, *residual, output)?,
            input,
            output: self.extent(step, output)?,
            window,
            groups: *groups,
            activation: check_activation(step, activation)?,
        }))
    }

    fn matmul(&self, step: &str, output: usize, a: (Operand, &[usize]), b: (Operand, &[usize])) -> Resolved {
        let is_weight = |operand: Operand| matches!(operand, Operand::Weight(_));
        let ((a, a_shape), (b, b_shape)) = (a, b);
        let fault = || {
            refuse_fault(format!(
                "Expected step `{step}` to multiply [..., m, k] by [..., k, n] with equal leading dimensions, received {a_shape:?} by {b_shape:?}."
            ))
        };
        let ([a_lead @ .., m, a_k], [b_lead @ .., b_k, n]) = (a_shape, b_shape) else { return fault() };
        let lead = if is_weight(a) { b_lead } else { a_lead };
        let has_own_lead = |operand: Operand, own: &[usize]| if is_weight(operand) { own.is_empty() } else { own == lead };
        if a_k != b_k || !has_own_lead(a, a_lead) || !has_own_lead(b, b_lead) {
            return fault();
        }
        self.expect_output(step, output, &[lead, &[*m, *n]].concat())?;
        Ok(Op::Matmul(Matmul { a, b, count: size(lead), m: *m, k: *a_k, n: *n }))
    }
}

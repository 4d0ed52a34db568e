//! Checks of the steps that choose numbers: copy, concat, gather, select.

use super::Checker;
use crate::plan::StepOp;
use crate::program::{Loop3, Op, Walk};
use crate::rules::{Fault, MAX_ELEMENTS, check_strides, refuse_fault, size};

type Resolved = std::result::Result<Op, Fault>;

impl Checker<'_> {
    pub(super) fn gathering(&self, step: &str, output: usize, body: &StepOp) -> Resolved {
        match body {
            StepOp::Copy { x, x_weight, offset, strides } => {
                let (x, x_shape) = self.operand(step, 'x', *x, x_weight.as_deref())?;
                let (offset, walks) = check_walks(step, self.shapes[output], *offset, strides, size(x_shape))?;
                Ok(Op::Copy { x, offset, walks })
            }
            StepOp::Concat { parts, dimension } => self.concat(step, output, parts, *dimension),
            StepOp::Gather { x, x_weight, indices, indices_weight, dimension } => {
                let (x, x_shape) = self.operand(step, 'x', *x, x_weight.as_deref())?;
                let (indices, chosen) = self.operand(step, 'i', *indices, indices_weight.as_deref())?;
                let Some(&length) = x_shape.get(*dimension) else {
                    return refuse_fault(format!(
                        "Expected step `{step}` to gather along a dimension of {x_shape:?}, received {dimension}."
                    ));
                };
                let (outer, inner) = (&x_shape[..*dimension], &x_shape[dimension + 1..]);
                self.expect_output(step, output, &[outer, chosen, inner].concat())?;
                Ok(Op::Gather { x, indices, length, inner: size(inner), count: size(chosen) })
            }
            StepOp::Select { c, c_weight, c_strides, a, a_weight, a_strides, b, b_weight, b_strides } => {
                let shape = self.shapes[output];
                let mut operands = Vec::new();
                for (side, id, weight, strides) in
                    [('c', c, c_weight, c_strides), ('a', a, a_weight, a_strides), ('b', b, b_weight, b_strides)]
                {
                    let (operand, operand_shape) = self.operand(step, side, *id, weight.as_deref())?;
                    check_strides(step, side, shape, strides, operand_shape)?;
                    operands.push(operand);
                }
                let loops = (0..shape.len()).map(|d| Loop3 { size: shape[d], strides: [c_strides[d], a_strides[d], b_strides[d]] });
                Ok(Op::Select { operands: [operands[0], operands[1], operands[2]], loops: merge3(loops) })
            }
            _ => refuse_fault(format!("Expected step `{step}` to choose numbers.")),
        }
    }

    fn concat(&self, step: &str, output: usize, parts: &[i64], dimension: usize) -> Resolved {
        let shape = self.shapes[output];
        let mut rows = Vec::new();
        let mut length = 0;
        for &part in parts {
            let part = self.value(step, part)?;
            let own = self.shapes[part];
            let fits = own.len() == shape.len() && dimension < shape.len() && (0..own.len()).all(|d| d == dimension || own[d] == shape[d]);
            if !fits {
                return refuse_fault(format!(
                    "Expected the parts of step `{step}` to fit {shape:?} but for dimension {dimension}, received {own:?}."
                ));
            }
            length += own[dimension];
            rows.push((part, size(&own[dimension..])));
        }
        if rows.is_empty() || length != shape[dimension] {
            return refuse_fault(format!(
                "Expected the parts of step `{step}` to fill {shape:?}, they hold {length} of dimension {dimension}."
            ));
        }
        Ok(Op::Concat { parts: rows })
    }
}

/// The smallest and the largest place read must lie inside x.
fn check_walks(step: &str, shape: &[usize], offset: i64, strides: &[i64], x: usize) -> std::result::Result<(usize, Vec<Walk>), Fault> {
    let (mut low, mut high) = (i128::from(offset), i128::from(offset));
    for (&size, &stride) in shape.iter().zip(strides) {
        let reach = (size as i128 - 1) * i128::from(stride);
        low += reach.min(0);
        high += reach.max(0);
    }
    if strides.len() != shape.len()
        || low < 0
        || high >= x as i128
        || strides.iter().any(|stride| stride.unsigned_abs() as usize > MAX_ELEMENTS)
    {
        return refuse_fault(format!(
            "Expected step `{step}` to read inside its {x} numbers, received offset {offset} and strides {strides:?}."
        ));
    }
    let mut walks: Vec<Walk> = Vec::new();
    for (&size, &stride) in shape.iter().zip(strides).filter(|&(&size, _)| size > 1) {
        let stride = stride as isize;
        match walks.last_mut() {
            Some(last) if last.stride == stride * size as isize => *last = Walk { size: last.size * size, stride },
            _ => walks.push(Walk { size, stride }),
        }
    }
    if walks.is_empty() {
        walks.push(Walk { size: 1, stride: 0 });
    }
    Ok((offset as usize, walks))
}

/// Drops loops of size 1 and joins neighbours that walk all operands as one.
fn merge3(loops: impl Iterator<Item = Loop3>) -> Vec<Loop3> {
    let mut merged: Vec<Loop3> = Vec::new();
    for next in loops.filter(|next| next.size > 1) {
        match merged.last_mut() {
            Some(last) if last.strides == next.strides.map(|stride| stride * next.size) => {
                *last = Loop3 { size: last.size * next.size, ..next };
            }
            _ => merged.push(next),
        }
    }
    if merged.is_empty() {
        merged.push(Loop3 { size: 1, strides: [0; 3] });
    }
    merged
}

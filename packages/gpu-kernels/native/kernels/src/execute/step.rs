//! A step alone, with all its rows.

use super::slice::Held;
use crate::chain::Band;
use crate::compile::{CompiledPlan, Prepared};
use crate::error::{Error, Result};
use crate::gemm::Epilogue;
use crate::ops::elementwise::Side;
use crate::ops::pointwise::{bytes, bytes_mut};
use crate::ops::{
    attention, conv, conv_transpose, depthwise, elementwise, gathering, integer, layout, matmul, normalise, pointwise, pool, quantize,
    reduce, resample, winograd,
};
use crate::program::{Form, Op, Operand, Reduction, Step};
use crate::threads::Mode;

impl CompiledPlan {
    pub(super) fn run_step(&self, mode: Mode, step: &Step, prepared: &Prepared, held: Held, y: &mut [f32]) -> Result<()> {
        let items = held.part.items.len();
        let sizes = &self.program.sizes;
        let value = |index: usize| self.read(held, index);
        let weight = |index: usize| self.weights[index].as_slice();
        let side = |operand: Operand| match operand {
            Operand::Value(index) => Side { data: value(index), item_stride: sizes[index] },
            Operand::Weight(index) => Side { data: weight(index), item_stride: 0 },
        };
        match (&step.op, prepared) {
            (Op::Image { input, recipe }, _) => {
                for (image, y) in held.feed.images[*input][held.part.items.clone()].iter().zip(y.chunks_exact_mut(sizes[step.output])) {
                    recipe.run(mode, image, y, self.instructions)?;
                }
            }
            (Op::Conv(op), Prepared::Conv(packed)) => {
                conv::conv2d(mode, op, packed, value(op.x), op.bias.map(weight), op.residual.map(value), y, Band::WHOLE, self.instructions);
            }
            (Op::Conv(op), Prepared::Depthwise(packed)) => {
                depthwise::depthwise(mode, op, packed, value(op.x), op.residual.map(value), y, Band::WHOLE, self.instructions);
            }
            (Op::Conv(op), Prepared::Winograd(packed)) => {
                winograd::winograd(mode, op, packed, value(op.x), op.bias.map(weight), op.residual.map(value), y, self.instructions);
            }
            (Op::Gemm(op), Prepared::Matrix(packed)) => {
                let epilogue = Epilogue { bias: op.bias.map(weight), residual: op.residual.map(value), activation: op.activation };
                matmul::gemm(mode, value(op.x), packed, y, epilogue, self.instructions);
            }
            (Op::Matmul(op), prepared) => {
                let packed = match prepared {
                    Prepared::Matrix(packed) => Some(packed),
                    _ => None,
                };
                matmul::matmul(mode, op, side(op.a), side(op.b), packed, y, self.instructions);
            }
            (Op::Unary { x, function }, _) => elementwise::unary(mode, *function, value(*x), y),
            (Op::Binary { function, a, b, loops }, _) => elementwise::binary(mode, *function, side(*a), side(*b), loops, items, y),
            (Op::GlobalAveragePool { x, pixels, channels }, _) => reduce::reduce(mode, value(*x), *pixels, *channels, Reduction::Mean, y),
            (Op::Pool { x, input, output, window, form: Form::Bytes { .. }, .. }, _) => {
                pool::max_of_bytes(mode, bytes(value(*x)), *input, *output, *window, bytes_mut(y));
            }
            (Op::Pool { x, kind, input, output, window, .. }, _) => {
                pool::pool(mode, value(*x), *input, *output, *window, *kind, y, Band::WHOLE)
            }
            (Op::ConvTranspose(op), Prepared::ConvTranspose(packed)) => {
                conv_transpose::conv_transpose(mode, op, packed, value(op.x), op.bias.map(weight), y, self.instructions)?;
            }
            (Op::Attention(op), _) => {
                let [q, k, v] = [op.q, op.k, op.v].map(|index| side(Operand::Value(index)));
                attention::attention(mode, op, &attention::Sides { q, k, v, mask: op.mask.map(side) }, items, y, self.instructions);
            }
            (Op::Resample(op), Prepared::Resample(table)) => resample::resample(mode, op, table, value(op.x), y),
            (Op::Normalise(op), _) => {
                normalise::normalise(mode, op, value(op.x), op.scale.map(weight), op.bias.map(weight), y);
            }
            (Op::Softmax { x, width }, _) => reduce::softmax(mode, value(*x), *width, y),
            (Op::ResizeNearest { x, input, output }, _) => layout::resize_nearest(mode, value(*x), *input, *output, y),
            (Op::Pad { x, top, left, value: fill, input, output }, _) => {
                layout::pad(mode, value(*x), *input, *output, *top, *left, *fill, y)
            }
            (Op::Transpose { x, loops, form: Form::Floats }, _) => layout::transpose(mode, value(*x), loops, items, y),
            (Op::Transpose { x, loops, .. }, _) => layout::transpose(mode, bytes(value(*x)), loops, items, bytes_mut(y)),
            (Op::Copy { x, offset, walks }, _) => gathering::copy(mode, side(*x), *offset, walks, items, y),
            (Op::Concat { parts }, _) => {
                let parts: Vec<_> = parts.iter().map(|&(part, row)| (value(part), row)).collect();
                gathering::concat(mode, &parts, y);
            }
            (Op::Gather { x, indices, length, inner, count }, _) => {
                gathering::gather(mode, side(*x), side(*indices), [*length, *inner, *count], items, y);
            }
            (Op::Select { operands, loops }, _) => gathering::select(mode, operands.map(side), loops, items, y),
            (Op::Reduce { x, function, length, inner }, _) => reduce::reduce(mode, value(*x), *length, *inner, *function, y),
            (Op::Quantize(op), _) => quantize::quantize(mode, op, value(op.x), side(op.parameters), sizes[op.x], y),
            (Op::RoundFloat { x, format }, _) => quantize::round_float(mode, *format, value(*x), y),
            (Op::QuantizeRange { x, size }, _) => quantize::range(mode, value(*x), *size, y),
            (Op::IntegerProduct(op), Prepared::Integers(packed)) => {
                let others = [op.item_zero_point, op.addition.as_ref().map(|to| to.value)];
                integer::product(mode, op, packed, value(op.x), others.map(|other| other.map(value)), y);
            }
            (Op::Pointwise(op), _) => {
                let sides: Vec<_> = op.leaves.iter().map(|leaf| side(leaf.operand)).collect();
                pointwise::pointwise(mode, op, &sides, y);
            }
            (Op::Reshape { .. } | Op::Conv(_) | Op::Gemm(_) | Op::ConvTranspose(_) | Op::Resample(_) | Op::IntegerProduct(_), _) => {
                return Err(Error::InvariantBroken(format!("Expected step `{}` to have its weights prepared.", step.name)));
            }
        }
        Ok(())
    }
}

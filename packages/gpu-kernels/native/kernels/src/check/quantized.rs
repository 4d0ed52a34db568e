//! Checks of quantisation and of products of integers.

use super::Checker;
use crate::error::{Result, refuse};
use crate::plan::{PlanIntegerProduct, StepOp};
use crate::program::{Extent, FloatFormat, Form, IntegerProduct, Op, Operand, Quantize, Window};
use crate::rules::{Fault, check_window, refuse_fault, size, slide};

type Resolved = std::result::Result<Op, Fault>;

/// The sizes of a product: [`IntegerProduct`] without its operands.
struct Geometry {
    input: Extent,
    output: Extent,
    window: Window,
    groups: usize,
}

impl Checker<'_> {
    pub(super) fn quantize(&self, step: &str, output: usize, body: &StepOp) -> Resolved {
        let StepOp::Quantize { x, parameters, parameters_weight, dimension, min, max, dequantize } = body else {
            return refuse_fault(format!("Expected step `{step}` to be a quantize."));
        };
        let x = self.value(step, *x)?;
        let shape = self.shapes[x];
        self.expect_output(step, output, shape)?;
        let (parameters, pairs) = match (parameters, parameters_weight) {
            (Some(id), None) => self.value(step, *id).map(|index| (Operand::Value(index), self.shapes[index]))?,
            (None, Some(name)) => self.weight(step, name).map(|index| (Operand::Weight(index), self.weight_shapes[index]))?,
            _ => return refuse_fault(format!("Expected step `{step}` to set exactly one of `parameters` and `parametersWeight`.")),
        };
        let channels = size(pairs) / 2;
        let along = shape.get(*dimension).copied().unwrap_or(1);
        let fits = match parameters {
            Operand::Value(_) => pairs == [2],
            Operand::Weight(_) => pairs == [channels, 2] && (channels == 1 || channels == along),
        };
        if !fits || min.is_nan() || max.is_nan() || min > max {
            refuse_fault(format!(
                "Expected step `{step}` to have one pair of scale and zero point or one for each of {along}, and min up to max, received {pairs:?}, {min}, {max}."
            ))?;
        }
        let inner = if channels == 1 { size(shape) } else { size(&shape[dimension + 1..]) };
        Ok(Op::Quantize(Quantize { x, parameters, channels, inner, min: *min, max: *max, dequantize: *dequantize }))
    }

    pub(super) fn round_float(&self, step: &str, output: usize, x: i64, format: &str) -> Resolved {
        let x = self.value(step, x)?;
        self.expect_output(step, output, self.shapes[x])?;
        let format = match format {
            "float16" => FloatFormat::Float16,
            "bfloat16" => FloatFormat::Bfloat16,
            other => return Err(Fault::Unsupported(format!("this backend does not know the format `{other}`"))),
        };
        Ok(Op::RoundFloat { x, format })
    }

    pub(super) fn conv2d_integer(&self, step: &str, output: usize, body: &StepOp) -> Resolved {
        let StepOp::Conv2dInteger { product, kernel, strides, pads, dilations, groups } = body else {
            return refuse_fault(format!("Expected step `{step}` to be a conv2d-integer."));
        };
        let input = self.extent(step, self.value(step, product.x)?)?;
        let window = check_window(step, *kernel, *strides, *dilations, *pads)?;
        let height = slide(input.height, kernel[0], strides[0], dilations[0], pads[0] + pads[2]);
        let width = slide(input.width, kernel[1], strides[1], dilations[1], pads[1] + pads[3]);
        let to = self.extent(step, output)?;
        self.expect_output(step, output, &[height, width, to.channels])?;
        self.integer_product(step, product, Geometry { input, output: to, window, groups: *groups })
    }

    pub(super) fn gemm_integer(&self, step: &str, output: usize, product: &PlanIntegerProduct) -> Resolved {
        let (Some((&k, lead)), Some((&n, _))) = (self.shapes[self.value(step, product.x)?].split_last(), self.shapes[output].split_last())
        else {
            return refuse_fault(format!("Expected x and y of step `{step}` to have a dimension to multiply over."));
        };
        self.expect_output(step, output, &[lead, &[n]].concat())?;
        let rows = size(lead);
        let window = Window { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], top: 0, left: 0 };
        let input = Extent { height: rows, width: 1, channels: k };
        self.integer_product(step, product, Geometry { input, output: Extent { channels: n, ..input }, window, groups: 1 })
    }

    fn integer_product(&self, step: &str, product: &PlanIntegerProduct, geometry: Geometry) -> Resolved {
        let Geometry { input, output, window, groups } = geometry;
        if groups == 0 || !input.channels.is_multiple_of(groups) || !output.channels.is_multiple_of(groups) {
            refuse_fault(format!(
                "Expected {} input and {} output channels of step `{step}` to fall into {groups} groups.",
                input.channels, output.channels
            ))?;
        }
        if ![8, 16].contains(&product.weight_bits) || product.zero_point.unsigned_abs() > 255 {
            refuse_fault(format!("Expected weights of 8 or 16 bits and a zero point within 255 in step `{step}`."))?;
        }
        let inner = window.kernel[0] * window.kernel[1] * (input.channels / groups);
        let words = (inner * product.weight_bits as usize).div_ceil(32);
        let weight = self.weight(step, &product.weight)?;
        if self.weight_shapes[weight] != [output.channels, words] {
            refuse_fault(format!(
                "Expected the weight of step `{step}` to be {:?}, received {:?}.",
                [output.channels, words],
                self.weight_shapes[weight]
            ))?;
        }
        Ok(Op::IntegerProduct(IntegerProduct {
            x: self.value(step, product.x)?,
            zero_point: product.zero_point,
            item_zero_point: None,
            from: Form::Floats,
            to: Form::Floats,
            weight,
            weight_bits: product.weight_bits,
            bias: self.of_outputs(step, product.bias.as_ref(), output.channels)?,
            scale: self.of_outputs(step, product.scale.as_ref(), output.channels)?,
            divisor: None,
            requantize: product.requantize,
            addition: None,
            input,
            output,
            window,
            groups,
        }))
    }

    fn of_outputs(&self, step: &str, name: Option<&String>, outputs: usize) -> Result<Option<usize>> {
        let Some(name) = name else { return Ok(None) };
        let index = self.weight(step, name)?;
        if self.weight_shapes[index] != [outputs] {
            refuse!("Expected weight `{name}` of step `{step}` to be [{outputs}], received {:?}.", self.weight_shapes[index]);
        }
        Ok(Some(index))
    }
}

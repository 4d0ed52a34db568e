//! From the plan as it arrived to a `Program`: resolves ids and names, checks every shape. What is valid but not
//! implemented is collected, so that a caller sees all of it at once.

mod quantized;

use crate::error::{Result, refuse};
use crate::functions::{binary_function, unary_function};
use crate::images::Recipe;
use crate::plan::{Plan, StepOp, parse_plan};
use crate::program::*;
use crate::rules::*;
use std::collections::HashMap;

mod gathering;

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Unsupported {
    pub step: String,
    pub op: String,
    pub reason: String,
}

pub struct Checked {
    /// `None` where something is unsupported.
    pub program: Option<Program>,
    pub unsupported: Vec<Unsupported>,
}

impl Checked {
    /// JSON array of `{step, op, reason}`.
    pub fn report(&self) -> Result<String> {
        serde_json::to_string(&self.unsupported)
            .map_err(|cause| crate::error::Error::InvariantBroken(format!("Expected plain data to have a JSON form: {cause}.")))
    }
}

pub fn check_plan(json: &str) -> Result<Checked> {
    let plan = parse_plan(json)?;
    let mut checker = Checker::new(&plan)?;
    let mut unsupported = Vec::new();
    let mut steps = Vec::new();
    for step in &plan.steps {
        let output = checker.output_of(&step.name, step.output)?;
        let resolved = match &step.body {
            Some(body) => checker.resolve(&step.name, output, body),
            None => Err(Fault::Unsupported("this backend does not know the op".into())),
        };
        match resolved {
            Ok(op) => steps.push(Step { name: step.name.clone(), output, op }),
            Err(Fault::Unsupported(reason)) => unsupported.push(Unsupported { step: step.name.clone(), op: step.op.clone(), reason }),
            Err(Fault::Refused(error)) => return Err(error),
        }
        checker.written[output] = true;
    }
    let outputs = checker.outputs(&plan)?;
    let program = unsupported.is_empty().then(|| Program {
        name: plan.name.clone(),
        batch: plan.batch,
        sizes: checker.shapes.iter().map(|shape| shape.iter().product()).collect(),
        weight_names: plan.weights.iter().map(|weight| weight.name.clone()).collect(),
        weight_shapes: plan.weights.iter().map(|weight| weight.shape.clone()).collect(),
        steps,
        inputs: checker.inputs,
        outputs,
        image_inputs: checker.image_inputs,
    });
    Ok(Checked { program, unsupported })
}

pub struct Checker<'a> {
    pub shapes: Vec<&'a [usize]>,
    index_of: HashMap<i64, usize>,
    pub weight_shapes: Vec<&'a [usize]>,
    weight_of: HashMap<&'a str, usize>,
    written: Vec<bool>,
    inputs: Vec<(String, usize)>,
    image_inputs: Vec<String>,
}

impl<'a> Checker<'a> {
    fn new(plan: &'a Plan) -> Result<Self> {
        if plan.batch == 0 || plan.batch > MAX_BATCH {
            refuse!("Expected the batch of plan `{}` to be from 1 to {MAX_BATCH}, received {}.", plan.name, plan.batch);
        }
        let mut index_of = HashMap::new();
        for (index, value) in plan.values.iter().enumerate() {
            check_shape(&format!("value {}", value.id), &value.shape)?;
            if index_of.insert(value.id, index).is_some() {
                refuse!("Expected value ids to be unique, received {} twice.", value.id);
            }
        }
        let mut weight_of = HashMap::new();
        for (index, weight) in plan.weights.iter().enumerate() {
            check_shape(&format!("weight `{}`", weight.name), &weight.shape)?;
            if weight_of.insert(weight.name.as_str(), index).is_some() {
                refuse!("Expected names of weights to be unique, received `{}` twice.", weight.name);
            }
        }
        let mut checker = Checker {
            shapes: plan.values.iter().map(|value| value.shape.as_slice()).collect(),
            index_of,
            weight_shapes: plan.weights.iter().map(|weight| weight.shape.as_slice()).collect(),
            weight_of,
            written: vec![false; plan.values.len()],
            inputs: Vec::new(),
            image_inputs: Vec::new(),
        };
        for (name, id) in &plan.inputs {
            let index = checker.output_of(&format!("input {name}"), *id)?;
            checker.written[index] = true;
            checker.inputs.push((name.clone(), index));
        }
        Ok(checker)
    }

    pub fn value(&self, step: &str, id: i64) -> Result<usize> {
        match self.index_of.get(&id) {
            Some(&index) if self.written[index] => Ok(index),
            Some(_) => refuse!("Expected step `{step}` to read values written before it, value {id} is not."),
            None => refuse!("Expected step `{step}` to read a value of the plan, received id {id}."),
        }
    }

    fn output_of(&self, step: &str, id: i64) -> Result<usize> {
        match self.index_of.get(&id) {
            Some(&index) if !self.written[index] => Ok(index),
            Some(_) => refuse!("Expected each value to be written once, `{step}` writes value {id} again."),
            None => refuse!("Expected `{step}` to write a value of the plan, received id {id}."),
        }
    }

    pub fn weight(&self, step: &str, name: &str) -> Result<usize> {
        match self.weight_of.get(name) {
            Some(&index) => Ok(index),
            None => refuse!("Expected step `{step}` to name a weight of the plan, received `{name}`."),
        }
    }

    fn outputs(&self, plan: &Plan) -> Result<Vec<(String, usize)>> {
        let mut outputs = Vec::new();
        for (name, output) in &plan.outputs {
            let index = self.value(&format!("output {name}"), output.value)?;
            check_shape(&format!("output `{name}`"), &output.shape)?;
            if size(&output.shape) != size(self.shapes[index]) {
                refuse!(
                    "Expected output `{name}` of shape {:?} to have as many elements as its value, which is {:?}.",
                    output.shape,
                    self.shapes[index]
                );
            }
            outputs.push((name.clone(), index));
        }
        Ok(outputs)
    }

    pub fn extent(&self, step: &str, value: usize) -> Result<Extent> {
        match *self.shapes[value] {
            [height, width, channels] => Ok(Extent { height, width, channels }),
            ref other => refuse!("Expected step `{step}` to work on [height, width, channels], received {other:?}."),
        }
    }

    pub fn operand(&self, step: &str, side: char, value: Option<i64>, weight: Option<&str>) -> Result<(Operand, &'a [usize])> {
        match (value, weight) {
            (Some(id), None) => self.value(step, id).map(|index| (Operand::Value(index), self.shapes[index])),
            (None, Some(name)) => self.weight(step, name).map(|index| (Operand::Weight(index), self.weight_shapes[index])),
            _ => refuse!("Expected step `{step}` to set exactly one of `{side}` and `{side}Weight`."),
        }
    }

    pub fn bias(&self, step: &str, bias: Option<&String>, n: usize) -> Result<Option<usize>> {
        let Some(name) = bias else { return Ok(None) };
        let index = self.weight(step, name)?;
        if size(self.weight_shapes[index]) != n {
            refuse!("Expected the bias of step `{step}` to have {n} elements, received shape {:?}.", self.weight_shapes[index]);
        }
        Ok(Some(index))
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

    pub fn expect_output(&self, step: &str, output: usize, shape: &[usize]) -> Result<()> {
        if self.shapes[output] != shape {
            refuse!("Expected step `{step}` to write shape {shape:?}, its output is declared as {:?}.", self.shapes[output]);
        }
        Ok(())
    }

    fn resolve(&mut self, step: &str, output: usize, body: &StepOp) -> std::result::Result<Op, Fault> {
        match body {
            StepOp::Image { input, recipe } => {
                let extent = self.extent(step, output)?;
                let recipe = Recipe::new(step, recipe, [extent.height, extent.width, extent.channels]).map_err(|error| match error {
                    crate::error::Error::OpUnsupported(reason) => Fault::Unsupported(reason),
                    other => Fault::Refused(other),
                })?;
                self.image_inputs.push(input.clone());
                Ok(Op::Image { input: self.image_inputs.len() - 1, recipe })
            }
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
            StepOp::Pool { .. } => crate::ops::pool::check(self, step, output, body),
            StepOp::ConvTranspose2d(plan) => plan.check(self, step, output).map(Op::ConvTranspose),
            StepOp::Resample(plan) => plan.check(self, step, output).map(Op::Resample),
            StepOp::Normalise(plan) => plan.check(self, step, output).map(Op::Normalise),
            StepOp::Attention(plan) => plan.check(self, step, output).map(Op::Attention),
            StepOp::Softmax { x } => {
                let x = self.value(step, *x)?;
                self.expect_output(step, output, self.shapes[x])?;
                Ok(Op::Softmax { x, width: self.shapes[x].last().copied().unwrap_or(1) })
            }
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
                Ok(Op::Transpose { x, loops })
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
            StepOp::Copy { .. } | StepOp::Concat { .. } | StepOp::Gather { .. } | StepOp::Select { .. } => {
                self.gathering(step, output, body)
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
            StepOp::Quantize { .. } => self.quantize(step, output, body),
            StepOp::RoundFloat { x, format } => self.round_float(step, output, *x, format),
            StepOp::QuantizeRange { x } => {
                let x = self.value(step, *x)?;
                self.expect_output(step, output, &[2])?;
                Ok(Op::QuantizeRange { x, size: size(self.shapes[x]) })
            }
            StepOp::Conv2dInteger { .. } => self.conv2d_integer(step, output, body),
            StepOp::GemmInteger { product } => self.gemm_integer(step, output, product),
        }
    }

    fn pair(&self, step: &str, weight: usize) -> Result<&'a [usize; 2]> {
        match self.weight_shapes[weight].try_into() {
            Ok(pair) => Ok(pair),
            Err(_) => refuse!("Expected the weight of step `{step}` to be [n, k], received {:?}.", self.weight_shapes[weight]),
        }
    }

    fn conv2d(&self, step: &str, output: usize, body: &StepOp) -> std::result::Result<Op, Fault> {
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

    fn matmul(&self, step: &str, output: usize, a: (Operand, &[usize]), b: (Operand, &[usize])) -> std::result::Result<Op, Fault> {
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

//! From the plan as it arrived to a `Program`: resolves ids and names, checks every shape. What is valid but not
//! implemented is collected, so that a caller sees all of it at once.

mod arithmetic;
mod gathering;
mod layouts;
mod products;
mod quantized;

use crate::error::{Result, refuse};
use crate::images::Recipe;
use crate::plan::{Plan, StepOp, parse_plan};
use crate::program::*;
use crate::rules::*;
use std::collections::HashMap;

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
        moved: Vec::new(),
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
            StepOp::Conv2d { .. } | StepOp::Gemm { .. } | StepOp::Matmul { .. } => self.product(step, output, body),
            StepOp::Unary { .. }
            | StepOp::Binary { .. }
            | StepOp::GlobalAveragePool { .. }
            | StepOp::Softmax { .. }
            | StepOp::Reduce { .. } => self.arithmetic(step, output, body),
            StepOp::Pool { .. } => crate::ops::pool::check(self, step, output, body),
            StepOp::ConvTranspose2d(plan) => plan.check(self, step, output).map(Op::ConvTranspose),
            StepOp::Resample(plan) => plan.check(self, step, output).map(Op::Resample),
            StepOp::Normalise(plan) => plan.check(self, step, output).map(Op::Normalise),
            StepOp::Attention(plan) => plan.check(self, step, output).map(Op::Attention),
            StepOp::ResizeNearest { .. } | StepOp::Pad { .. } | StepOp::Transpose { .. } | StepOp::Reshape { .. } => {
                self.layout(step, output, body)
            }
            StepOp::Copy { .. } | StepOp::Concat { .. } | StepOp::Gather { .. } | StepOp::Select { .. } => {
                self.gathering(step, output, body)
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
}

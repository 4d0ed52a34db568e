//! The plan as it arrives: JSON of the planner's `Plan` type. Field meanings are documented there; every value is
//! float32, row-major, NHWC, and shapes leave the batch out.

use crate::error::{Error, Result, refuse};
use serde::Deserialize;
use std::collections::BTreeMap;

mod step_op;

use step_op::OPS;
pub use step_op::{Parameters, PlanActivation, PlanIntegerProduct, PlanRequantize, StepOp};

pub const PLAN_VERSION: u32 = 1;

#[derive(Debug, Deserialize)]
pub struct PlanValue {
    pub id: i64,
    pub shape: Vec<usize>,
}

#[derive(Debug, Deserialize)]
pub struct PlanWeight {
    pub name: String,
    pub shape: Vec<usize>,
}

#[derive(Debug, Deserialize)]
pub struct PlanOutput {
    pub value: i64,
    pub shape: Vec<usize>,
}

#[derive(Debug, Deserialize)]
struct RawStep {
    name: String,
    op: String,
    output: i64,
}

#[derive(Debug)]
pub struct PlanStep {
    pub name: String,
    pub op: String,
    pub output: i64,
    /// `None`: an op this crate does not know.
    pub body: Option<StepOp>,
}

#[derive(Debug, Deserialize)]
struct RawPlan {
    version: u32,
    name: String,
    batch: usize,
    values: Vec<PlanValue>,
    weights: Vec<PlanWeight>,
    steps: Vec<serde_json::Value>,
    inputs: BTreeMap<String, i64>,
    outputs: BTreeMap<String, PlanOutput>,
}

#[derive(Debug)]
pub struct Plan {
    pub name: String,
    pub batch: usize,
    pub values: Vec<PlanValue>,
    pub weights: Vec<PlanWeight>,
    pub steps: Vec<PlanStep>,
    /// Sorted by name as JavaScript sorts strings.
    pub inputs: Vec<(String, i64)>,
    /// Sorted by name as JavaScript sorts strings.
    pub outputs: Vec<(String, PlanOutput)>,
}

pub fn parse_plan(json: &str) -> Result<Plan> {
    let raw: RawPlan = serde_json::from_str(json)
        .map_err(|cause| Error::GraphInvalid(format!("Expected a plan in JSON, received something else: {cause}.")))?;
    if raw.version != PLAN_VERSION {
        refuse!("Expected a plan of version {PLAN_VERSION}, received version {}.", raw.version);
    }
    let steps = raw.steps.into_iter().enumerate().map(|(index, step)| parse_step(index, step)).collect::<Result<_>>()?;
    Ok(Plan {
        name: raw.name,
        batch: raw.batch,
        values: raw.values,
        weights: raw.weights,
        steps,
        inputs: sorted(raw.inputs),
        outputs: sorted(raw.outputs),
    })
}

fn parse_step(index: usize, step: serde_json::Value) -> Result<PlanStep> {
    let RawStep { name, op, output } = RawStep::deserialize(&step)
        .map_err(|cause| Error::GraphInvalid(format!("Expected step {index} to have name, op and output: {cause}.")))?;
    let body = if OPS.contains(&op.as_str()) {
        let body = StepOp::deserialize(&step).map_err(|cause| {
            Error::GraphInvalid(format!("Expected step `{name}` to be a valid `{op}`, received another form: {cause}."))
        })?;
        Some(body)
    } else {
        None
    };
    Ok(PlanStep { name, op, output, body })
}

/// JavaScript compares UTF-16 code units, Rust bytes of UTF-8; they differ above U+FFFF.
fn sorted<T>(entries: BTreeMap<String, T>) -> Vec<(String, T)> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    entries
}

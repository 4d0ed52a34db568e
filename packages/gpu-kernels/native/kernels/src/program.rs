//! A checked plan: ids resolved to indices, every shape known and consistent. Nothing here refers to JSON any more.
//! Only `check` builds these types, so the executor may rely on what they promise.

use crate::images::Recipe;

mod functions;
mod operands;
mod pointwise;

pub use functions::*;
pub use operands::*;
pub use pointwise::*;

#[derive(Debug, Clone)]
pub enum Op {
    Image {
        input: usize,
        recipe: Recipe,
    },
    Conv(Conv),
    Gemm(Gemm),
    Matmul(Matmul),
    Unary {
        x: usize,
        function: Unary,
    },
    ConvTranspose(crate::ops::conv_transpose::ConvTranspose),
    Resample(crate::ops::resample::Resample),
    Normalise(crate::ops::normalise::Normalise),
    Attention(crate::ops::attention::Attention),
    /// `loops` from the outermost; their sizes multiply to the size of the output. Never empty.
    Binary {
        function: Binary,
        a: Operand,
        b: Operand,
        loops: Vec<Loop>,
    },
    GlobalAveragePool {
        x: usize,
        pixels: usize,
        channels: usize,
    },
    Pool {
        x: usize,
        kind: crate::ops::pool::Kind,
        input: Extent,
        output: Extent,
        window: Window,
        form: Form,
    },
    Softmax {
        x: usize,
        width: usize,
    },
    ResizeNearest {
        x: usize,
        input: Extent,
        output: Extent,
    },
    Pad {
        x: usize,
        top: i64,
        left: i64,
        value: f32,
        input: Extent,
        output: Extent,
    },
    /// Copies; `Loop::a` is the stride in x. Never empty.
    Transpose {
        x: usize,
        loops: Vec<Loop>,
        form: Form,
    },
    Reshape {
        x: usize,
    },
    Reduce {
        x: usize,
        function: Reduction,
        length: usize,
        inner: usize,
    },
    /// `walks` from the outermost; their sizes multiply to the size of the output and they stay inside x. Never empty.
    Copy {
        x: Operand,
        offset: usize,
        walks: Vec<Walk>,
    },
    /// Values and how many numbers each gives to a row of the output. Never empty.
    Concat {
        parts: Vec<(usize, usize)>,
    },
    /// x is `[outer, length, inner]`; `count` indices.
    Gather {
        x: Operand,
        indices: Operand,
        length: usize,
        inner: usize,
        count: usize,
    },
    /// Condition, then both choices. `loops` as of `Binary`.
    Select {
        operands: [Operand; 3],
        loops: Vec<Loop3>,
    },
    Quantize(Quantize),
    RoundFloat {
        x: usize,
        format: FloatFormat,
    },
    QuantizeRange {
        x: usize,
        /// Elements of one item.
        size: usize,
    },
    IntegerProduct(IntegerProduct),
    /// Only `narrow` makes these.
    Pointwise(Pointwise),
}

impl Op {
    /// Indices of the values read.
    pub fn reads(&self) -> Vec<usize> {
        let operand = |operand: &Operand| match operand {
            Operand::Value(value) => Some(*value),
            Operand::Weight(_) => None,
        };
        match self {
            Op::Image { .. } => vec![],
            Op::Conv(conv) => [Some(conv.x), conv.residual].into_iter().flatten().collect(),
            Op::ConvTranspose(conv) => vec![conv.x],
            Op::Resample(resample) => vec![resample.x],
            Op::Normalise(normalise) => vec![normalise.x],
            Op::Attention(attention) => attention.reads(),
            Op::Gemm(gemm) => [Some(gemm.x), gemm.residual].into_iter().flatten().collect(),
            Op::Matmul(matmul) => [operand(&matmul.a), operand(&matmul.b)].into_iter().flatten().collect(),
            Op::Binary { a, b, .. } => [operand(a), operand(b)].into_iter().flatten().collect(),
            Op::Copy { x, .. } => operand(x).into_iter().collect(),
            Op::Concat { parts } => parts.iter().map(|&(value, _)| value).collect(),
            Op::Gather { x, indices, .. } => [operand(x), operand(indices)].into_iter().flatten().collect(),
            Op::Select { operands, .. } => operands.iter().filter_map(operand).collect(),
            Op::Unary { x, .. }
            | Op::GlobalAveragePool { x, .. }
            | Op::Pool { x, .. }
            | Op::Softmax { x, .. }
            | Op::ResizeNearest { x, .. }
            | Op::Pad { x, .. }
            | Op::Transpose { x, .. }
            | Op::Reshape { x }
            | Op::Reduce { x, .. }
            | Op::RoundFloat { x, .. }
            | Op::QuantizeRange { x, .. } => vec![*x],
            Op::Quantize(op) => [Some(op.x), operand(&op.parameters)].into_iter().flatten().collect(),
            Op::IntegerProduct(op) => {
                [Some(op.x), op.item_zero_point, op.addition.as_ref().map(|to| to.value)].into_iter().flatten().collect()
            }
            Op::Pointwise(op) => op.leaves.iter().filter_map(|leaf| operand(&leaf.operand)).collect(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Step {
    pub name: String,
    /// Index of the value written.
    pub output: usize,
    pub op: Op,
}

#[derive(Debug, Clone)]
pub struct Program {
    pub name: String,
    pub batch: usize,
    /// Elements of one item, by value index.
    pub sizes: Vec<usize>,
    pub weight_names: Vec<String>,
    pub weight_shapes: Vec<Vec<usize>>,
    pub steps: Vec<Step>,
    /// Tensor inputs in sorted order of names: name, value index.
    pub inputs: Vec<(String, usize)>,
    /// In sorted order of names: name, value index.
    pub outputs: Vec<(String, usize)>,
    /// Names of the image inputs, one an image step, in plan order.
    pub image_inputs: Vec<String>,
    /// Values that steps write, and those that they wrote in the plan, where `narrow` gave them another.
    pub moved: Vec<(usize, usize)>,
}

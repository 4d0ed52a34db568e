//! A checked plan: ids resolved to indices, every shape known and consistent. Nothing here refers to JSON any more.
//! Only `check` builds these types, so the executor may rely on what they promise.

use crate::images::Recipe;
use crate::plan::PlanRequantize;

/// What a convolution or product ends with. NaN passes through a clamp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// `[-inf, inf]` is no activation, `[0, inf]` relu.
    Clamp {
        low: f32,
        high: f32,
    },
    Function(Unary),
}

impl Activation {
    pub const NONE: Activation = Activation::Clamp { low: f32::NEG_INFINITY, high: f32::INFINITY };

    /// The clamp that a kernel can apply in registers; other functions are applied to the written rows by `finish`.
    pub fn clamp(self) -> (f32, f32) {
        match self {
            Activation::Clamp { low, high } => (low, high),
            Activation::Function(_) => (f32::NEG_INFINITY, f32::INFINITY),
        }
    }

    /// What the clamp has left to do.
    pub fn finish(self, values: &mut [f32]) {
        if let Activation::Function(function) = self {
            crate::ops::elementwise::apply(function, values);
        }
    }
}

/// Height, width, channels of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Extent {
    pub fn size(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// How a window slides: kernel, strides and dilations as (y, x), padding before the first row and column.
/// Padding after the last ones shows in the extent of the output.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub kernel: [usize; 2],
    pub strides: [usize; 2],
    pub dilations: [usize; 2],
    pub top: usize,
    pub left: usize,
}

#[derive(Debug, Clone)]
pub struct Conv {
    pub x: usize,
    pub weight: usize,
    pub bias: Option<usize>,
    pub residual: Option<usize>,
    pub input: Extent,
    pub output: Extent,
    pub window: Window,
    pub groups: usize,
    pub activation: Activation,
}

#[derive(Debug, Clone)]
pub struct Gemm {
    pub x: usize,
    pub weight: usize,
    pub bias: Option<usize>,
    pub residual: Option<usize>,
    /// Rows per item.
    pub rows: usize,
    pub k: usize,
    pub n: usize,
    pub activation: Activation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatFormat {
    Float16,
    Bfloat16,
}

/// Pairs of scale and zero point: one an item where `parameters` is a value, else one for each of `channels`.
#[derive(Debug, Clone)]
pub struct Quantize {
    pub x: usize,
    pub parameters: Operand,
    pub channels: usize,
    /// Elements that follow each other with the same pair.
    pub inner: usize,
    pub min: f32,
    pub max: f32,
    pub dequantize: bool,
}

/// conv2d-integer; gemm-integer is one of an image as high as x has rows, one pixel wide.
#[derive(Debug, Clone)]
pub struct IntegerProduct {
    pub x: usize,
    pub zero_point: i32,
    pub weight: usize,
    pub weight_bits: u32,
    pub bias: Option<usize>,
    pub scale: Option<usize>,
    pub requantize: Option<PlanRequantize>,
    pub input: Extent,
    pub output: Extent,
    pub window: Window,
    pub groups: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    Value(usize),
    Weight(usize),
}

#[derive(Debug, Clone)]
pub struct Matmul {
    pub a: Operand,
    pub b: Operand,
    /// Products per item.
    pub count: usize,
    pub m: usize,
    pub k: usize,
    pub n: usize,
}

/// Functions of one number; `scalar-functions.ts` has the formulas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unary {
    Clamp { low: f32, high: f32 },
    Sigmoid,
    Log,
    Exp,
    Sqrt,
    Abs,
    Neg,
    Tanh,
    Reciprocal,
    Erf,
    Gelu,
    GeluTanh,
    Swish { alpha: f32 },
    HardSigmoid { alpha: f32, beta: f32 },
    HardSwish,
    Mish,
    Softplus,
    Softsign,
    LeakyRelu { alpha: f32 },
    Elu { alpha: f32 },
    Selu { alpha: f32, gamma: f32 },
    Celu { alpha: f32 },
    ThresholdedRelu { alpha: f32 },
    Shrink { lambda: f32, bias: f32 },
    Floor,
    Ceil,
    Round,
    Trunc,
    Sign,
    Not,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Asinh,
    Acosh,
    Atanh,
    IsNan,
    IsInf { negative: bool, positive: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Pow,
    /// The remainder has the sign of the divisor.
    Mod,
    /// The remainder has the sign of the dividend.
    Fmod,
    DivideWhole,
    Equal,
    Less,
    LessEqual,
    Prelu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    Mean,
    Sum,
    Max,
    Min,
    Product,
}

/// One loop of an elementwise or copying step: `size` iterations, operands advance by their strides (in elements).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loop {
    pub size: usize,
    pub a: usize,
    pub b: usize,
}

/// One loop of a copy: it may stand still or walk backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    pub size: usize,
    pub stride: isize,
}

/// One loop over three operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loop3 {
    pub size: usize,
    pub strides: [usize; 3],
}

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
            Op::IntegerProduct(op) => vec![op.x],
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
}

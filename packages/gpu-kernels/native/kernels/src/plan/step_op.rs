//! What a step of a plan does, as its JSON has it: `PlanStep` of the planner. A field's meaning is documented there.

use crate::images::RecipeStep;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub struct PlanActivation {
    pub kind: String,
    #[serde(flatten)]
    pub parameters: Parameters,
}

/// Of a function of one number.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Parameters {
    pub min: Option<f32>,
    pub max: Option<f32>,
    pub alpha: Option<f32>,
    pub beta: Option<f32>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum StepOp {
    Image {
        input: String,
        recipe: Vec<RecipeStep>,
    },
    Conv2d {
        x: i64,
        weight: String,
        bias: Option<String>,
        residual: Option<i64>,
        strides: [usize; 2],
        pads: [usize; 4],
        dilations: [usize; 2],
        groups: usize,
        activation: PlanActivation,
    },
    Gemm {
        x: i64,
        weight: String,
        bias: Option<String>,
        residual: Option<i64>,
        activation: PlanActivation,
    },
    Matmul {
        a: Option<i64>,
        a_weight: Option<String>,
        b: Option<i64>,
        b_weight: Option<String>,
    },
    Unary {
        function: String,
        x: i64,
        #[serde(flatten)]
        parameters: Parameters,
    },
    Binary {
        function: String,
        a: Option<i64>,
        a_weight: Option<String>,
        a_strides: Vec<usize>,
        b: Option<i64>,
        b_weight: Option<String>,
        b_strides: Vec<usize>,
    },
    GlobalAveragePool {
        x: i64,
    },
    Pool {
        function: String,
        x: i64,
        kernel: [usize; 2],
        strides: [usize; 2],
        pads: [usize; 4],
        dilations: [usize; 2],
        count_pad: bool,
    },
    ConvTranspose2d(crate::ops::conv_transpose::PlanConvTranspose),
    Resample(crate::ops::resample::PlanResample),
    Normalise(crate::ops::normalise::PlanNormalise),
    Attention(crate::ops::attention::PlanAttention),
    Softmax {
        x: i64,
    },
    ResizeNearest {
        x: i64,
    },
    Pad {
        x: i64,
        pads: [i64; 4],
        value: f32,
    },
    Transpose {
        x: i64,
        permutation: Vec<usize>,
    },
    Reshape {
        x: i64,
    },
    Reduce {
        function: String,
        x: i64,
        dimension: usize,
    },
    Copy {
        x: Option<i64>,
        x_weight: Option<String>,
        offset: i64,
        strides: Vec<i64>,
    },
    Concat {
        parts: Vec<i64>,
        dimension: usize,
    },
    Gather {
        x: Option<i64>,
        x_weight: Option<String>,
        indices: Option<i64>,
        indices_weight: Option<String>,
        dimension: usize,
    },
    Select {
        c: Option<i64>,
        c_weight: Option<String>,
        c_strides: Vec<usize>,
        a: Option<i64>,
        a_weight: Option<String>,
        a_strides: Vec<usize>,
        b: Option<i64>,
        b_weight: Option<String>,
        b_strides: Vec<usize>,
    },
    Quantize {
        x: i64,
        parameters: Option<i64>,
        parameters_weight: Option<String>,
        dimension: usize,
        min: f32,
        max: f32,
        dequantize: bool,
    },
    QuantizeRange {
        x: i64,
    },
    RoundFloat {
        x: i64,
        format: String,
    },
    #[serde(rename = "conv2d-integer")]
    Conv2dInteger {
        #[serde(flatten)]
        product: PlanIntegerProduct,
        kernel: [usize; 2],
        strides: [usize; 2],
        pads: [usize; 4],
        dilations: [usize; 2],
        groups: usize,
    },
    GemmInteger {
        #[serde(flatten)]
        product: PlanIntegerProduct,
    },
}

/// What both products of integers have.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanIntegerProduct {
    pub x: i64,
    pub zero_point: i32,
    pub weight: String,
    pub weight_bits: u32,
    pub bias: Option<String>,
    pub scale: Option<String>,
    pub requantize: Option<PlanRequantize>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanRequantize {
    pub zero_point: f32,
    pub min: f32,
    pub max: f32,
}

/// Names in `op` of the steps above; any other is left for `check` to refuse.
pub(super) const OPS: [&str; 27] = [
    "image",
    "conv2d",
    "conv-transpose2d",
    "resample",
    "normalise",
    "attention",
    "gemm",
    "matmul",
    "unary",
    "binary",
    "global-average-pool",
    "pool",
    "softmax",
    "resize-nearest",
    "pad",
    "transpose",
    "reshape",
    "reduce",
    "copy",
    "concat",
    "gather",
    "select",
    "quantize",
    "quantize-range",
    "round-float",
    "conv2d-integer",
    "gemm-integer",
];

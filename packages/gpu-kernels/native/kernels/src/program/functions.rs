//! Which arithmetic a step does, by name.

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatFormat {
    Float16,
    Bfloat16,
}

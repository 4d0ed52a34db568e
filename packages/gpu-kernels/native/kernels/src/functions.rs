//! Names of functions in a plan → functions of this crate.

use crate::error::Result;
use crate::plan::Parameters;
use crate::program::{Binary, Unary};
use crate::rules::check_clip;

/// `None` for a name that this crate does not know.
pub fn unary_function(step: &str, name: &str, parameters: &Parameters) -> Result<Option<Unary>> {
    let alpha = parameters.alpha.unwrap_or(0.0);
    let beta = parameters.beta.unwrap_or(0.0);
    let function = match name {
        "relu" => Unary::Clamp { low: 0.0, high: f32::INFINITY },
        "clip" => {
            let (low, high) = check_clip(step, parameters.min, parameters.max)?;
            Unary::Clamp { low, high }
        }
        "sigmoid" => Unary::Sigmoid,
        "log" => Unary::Log,
        "exp" => Unary::Exp,
        "sqrt" => Unary::Sqrt,
        "abs" => Unary::Abs,
        "neg" => Unary::Neg,
        "tanh" => Unary::Tanh,
        "reciprocal" => Unary::Reciprocal,
        "erf" => Unary::Erf,
        "gelu" => Unary::Gelu,
        "gelu-tanh" => Unary::GeluTanh,
        "swish" => Unary::Swish { alpha },
        "hard-sigmoid" => Unary::HardSigmoid { alpha, beta },
        "hard-swish" => Unary::HardSwish,
        "mish" => Unary::Mish,
        "softplus" => Unary::Softplus,
        "softsign" => Unary::Softsign,
        "leaky-relu" => Unary::LeakyRelu { alpha },
        "elu" => Unary::Elu { alpha },
        "selu" => Unary::Selu { alpha, gamma: beta },
        "celu" => Unary::Celu { alpha },
        "thresholded-relu" => Unary::ThresholdedRelu { alpha },
        "shrink" => Unary::Shrink { lambda: alpha, bias: beta },
        "floor" => Unary::Floor,
        "ceil" => Unary::Ceil,
        "round" => Unary::Round,
        "trunc" => Unary::Trunc,
        "sign" => Unary::Sign,
        "not" => Unary::Not,
        "sin" => Unary::Sin,
        "cos" => Unary::Cos,
        "tan" => Unary::Tan,
        "asin" => Unary::Asin,
        "acos" => Unary::Acos,
        "atan" => Unary::Atan,
        "sinh" => Unary::Sinh,
        "cosh" => Unary::Cosh,
        "asinh" => Unary::Asinh,
        "acosh" => Unary::Acosh,
        "atanh" => Unary::Atanh,
        "is-nan" => Unary::IsNan,
        "is-inf" => Unary::IsInf { negative: alpha != 0.0, positive: beta != 0.0 },
        _ => return Ok(None),
    };
    Ok(Some(function))
}

/// `None` for a name that this crate does not know.
pub fn binary_function(name: &str) -> Option<Binary> {
    Some(match name {
        "add" => Binary::Add,
        "sub" => Binary::Sub,
        "mul" => Binary::Mul,
        "div" => Binary::Div,
        "min" => Binary::Min,
        "max" => Binary::Max,
        "pow" => Binary::Pow,
        "mod" => Binary::Mod,
        "fmod" => Binary::Fmod,
        "divide-whole" => Binary::DivideWhole,
        "equal" => Binary::Equal,
        "less" => Binary::Less,
        "less-equal" => Binary::LessEqual,
        "prelu" => Binary::Prelu,
        _ => return None,
    })
}

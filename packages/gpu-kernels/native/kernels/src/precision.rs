//! How exact the products of a plan with its weights are.

use crate::error::{Error, Result, refuse};

/// Sums, and all values that steps write, are float32 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    F32,
    /// Both factors are rounded to bfloat16 first, which has 8 bits, where the product is large enough for AMX.
    Bf16,
    /// Both factors are sums of two bfloat16 there, which have 16 bits.
    Bf16x2,
}

/// Whether a precision other than float32 can be asked for: AMX has products of bfloat16, and the system allows them.
pub fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return crate::amx::products().bf16;
    #[cfg(not(target_arch = "x86_64"))]
    false
}

impl Precision {
    /// From `f32`, `bf16` or `bf16x2`; refused where the processor has it not.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "f32" => Ok(Precision::F32),
            "bf16" if has_bf16() => Ok(Precision::Bf16),
            "bf16x2" if has_bf16() => Ok(Precision::Bf16x2),
            "bf16" | "bf16x2" => {
                Err(Error::OpUnsupported("Expected a processor whose AMX multiplies bfloat16, it has none. Use f32.".into()))
            }
            _ => refuse!("Expected the precision f32, bf16 or bf16x2, received `{name}`."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_is_refused_where_it_is_not() {
        assert_eq!(Precision::from_name("f32"), Ok(Precision::F32));
        assert_eq!(Precision::from_name("bf16").ok(), has_bf16().then_some(Precision::Bf16));
        assert_eq!(Precision::from_name("bf16x2").ok(), has_bf16().then_some(Precision::Bf16x2));
        assert!(Precision::from_name("f16").is_err());
    }
}

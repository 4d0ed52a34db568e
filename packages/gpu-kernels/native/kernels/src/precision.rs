//! How exact the products of a plan with its weights are.

use crate::error::{Error, Result, refuse};

/// Sums, and all values that steps write, are float32 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    F32,
    /// Both factors are rounded to bfloat16 first, which has 8 bits, where the product is large enough for it to be faster.
    Bf16,
    /// Both factors are sums of two bfloat16 there, which have 16 bits.
    Bf16x2,
}

/// Most bfloat16 that a factor can be the sum of: 0 where their products are not faster than those of float32, 1 where `bf16` can
/// be asked for, 2 where `bf16x2` can as well.
pub fn bfloat16_parts() -> usize {
    #[cfg(target_arch = "x86_64")]
    return crate::bfloat16::unit().map_or(0, |unit| unit.most_parts().min(2));
    #[cfg(not(target_arch = "x86_64"))]
    0
}

impl Precision {
    /// Whether a layer that Winograd's form suits is faster in the direct form in this precision than by Winograd's in float32, which
    /// takes four times fewer products. In less than float32 it would lose more bits than the direct form does.
    pub fn outruns_winograd(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self != Precision::F32 && crate::bfloat16::unit() == Some(crate::bfloat16::Unit::Tiles);
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// From `f32`, `bf16` or `bf16x2`; refused where the processor has it not.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "f32" => Ok(Precision::F32),
            "bf16" if bfloat16_parts() > 0 => Ok(Precision::Bf16),
            "bf16x2" if bfloat16_parts() > 1 => Ok(Precision::Bf16x2),
            "bf16" | "bf16x2" => Err(Error::OpUnsupported(format!(
                "Expected a processor that multiplies {name} faster than float32, found {}. Use f32.",
                crate::cpu_name()
            ))),
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
        assert_eq!(Precision::from_name("bf16").ok(), (bfloat16_parts() > 0).then_some(Precision::Bf16));
        assert_eq!(Precision::from_name("bf16x2").ok(), (bfloat16_parts() > 1).then_some(Precision::Bf16x2));
        assert!(Precision::from_name("f16").is_err());
    }
}

//! What multiplies bfloat16 on this processor, with sums in float32.

use crate::amx;
use std::arch::is_x86_feature_detected as has;
use std::arch::x86_64::__cpuid;
use std::sync::LazyLock;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// AMX: 16 rows by 16 columns at once.
    Tiles,
    /// `vdpbf16ps` of AVX-512: pairs of 16 columns.
    Vectors,
}

static UNIT: LazyLock<Option<Unit>> = LazyLock::new(|| match amx::products().bf16 {
    true => Some(Unit::Tiles),
    // Two pairs a cycle on AMD since Zen 4, as many as `vfmadd231ps` has single products. On Intel's processors it starts every
    // second cycle, and is half as fast as float32 (docs/decisions/bfloat16-parts.md).
    false => (has_vectors() && is_amd()).then_some(Unit::Vectors),
});

/// What is faster than float32 here, if anything is.
pub fn unit() -> Option<Unit> {
    *UNIT
}

fn has_vectors() -> bool {
    has!("avx512f") && has!("avx512bw") && has!("avx512bf16")
}

fn is_amd() -> bool {
    let name = __cpuid(0);
    [name.ebx, name.edx, name.ecx].map(u32::to_le_bytes).concat() == b"AuthenticAMD"
}

impl Unit {
    /// Most rows of a tile.
    pub fn rows(self) -> usize {
        match self {
            Unit::Tiles => amx::ROWS,
            // With two panels of sums, two of columns and a number of a row: 31 of 32 registers.
            Unit::Vectors => 14,
        }
    }

    /// Most parts of a float whose products are faster than those of floats: three parts take six products, two take three.
    pub fn most_parts(self) -> usize {
        match self {
            Unit::Tiles => 3,
            Unit::Vectors => 1,
        }
    }

    /// All that run here, however fast, for tests.
    #[cfg(test)]
    pub fn all() -> Vec<Self> {
        let tiles = amx::products().bf16.then_some(Unit::Tiles);
        tiles.into_iter().chain(has_vectors().then_some(Unit::Vectors)).collect()
    }
}

//! Which instructions a processor has, and the tile that they suit.

use super::PANEL;

/// Which instructions kernels use. Decided once per process start of a plan, never per tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

impl Instructions {
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return if std::arch::is_x86_feature_detected!("avx512f") { Instructions::Avx512 } else { Instructions::Avx2 };
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            return Instructions::Neon;
        }
        Instructions::Portable
    }

    /// All that run here, for tests.
    #[cfg(test)]
    pub fn all() -> Vec<Self> {
        let mut all = vec![Instructions::Portable];
        #[cfg(target_arch = "x86_64")]
        if Instructions::detect() != Instructions::Portable {
            all.push(Instructions::Avx2);
        }
        if !all.contains(&Instructions::detect()) {
            all.push(Instructions::detect());
        }
        all
    }

    /// Most rows of a tile.
    pub fn rows(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => 14,
            _ => 6,
        }
    }

    /// Columns of a tile.
    pub fn columns(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => 2 * PANEL,
            _ => PANEL,
        }
    }

    /// Longest part of k that is summed at once. With AVX2 so much of a panel of B (20 KiB) and of six rows of A
    /// (7.5 KiB) stays in a first-level cache of 32 KiB. The tile of AVX-512 does four times the work on each float of
    /// B, so B may come from the second level.
    pub fn deepest(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => 1024,
            _ => 320,
        }
    }
}

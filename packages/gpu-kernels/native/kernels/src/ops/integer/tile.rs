//! One tile of a product of integers of 16 bits, and the instructions that make it.

#[cfg(target_arch = "aarch64")]
use super::neon;
#[cfg(target_arch = "x86_64")]
use super::simd;

pub const COLUMNS: usize = 16;
/// Rows of the largest tile.
pub const TILE_ROWS: usize = 6;

/// Sums of a tile: rows by the columns of a panel.
pub type Sums = [[i32; COLUMNS]; TILE_ROWS];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Vnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

/// AVX-512 with VNNI; every such processor has the other two.
#[cfg(target_arch = "x86_64")]
pub fn has_vnni() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") && has!("avx512vnni")
}

impl Instructions {
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if has_vnni() {
            return Instructions::Vnni;
        } else if std::arch::is_x86_feature_detected!("avx2") {
            return Instructions::Avx2;
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            return Instructions::Neon;
        }
        Instructions::Portable
    }
}

/// Up to `TILE_ROWS` rows of `width` integers by one panel.
pub fn tile(instructions: Instructions, a: &[i16], width: usize, panel: &[i16]) -> Sums {
    assert!(a.len().is_multiple_of(width) && a.len() <= TILE_ROWS * width && panel.len() == width * COLUMNS);
    match instructions {
        // SAFETY: `detect` found the instructions; the assert holds what the kernels read in bounds.
        #[cfg(target_arch = "x86_64")]
        Instructions::Vnni => unsafe { simd::vnni(a, width, panel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { simd::avx2(a, width, panel) },
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => unsafe { neon::pairs(a, width, panel) },
        Instructions::Portable => portable(a, width, panel),
    }
}

fn portable(a: &[i16], width: usize, panel: &[i16]) -> Sums {
    let mut sums = [[0i32; COLUMNS]; TILE_ROWS];
    for (row, sums) in a.chunks_exact(width).zip(&mut sums) {
        for (pair, weights) in row.chunks_exact(2).zip(panel.chunks_exact(2 * COLUMNS)) {
            for (sum, weight) in sums.iter_mut().zip(weights.chunks_exact(2)) {
                let products = i32::from(pair[0]) * i32::from(weight[0]) + i32::from(pair[1]) * i32::from(weight[1]);
                *sum = sum.wrapping_add(products);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_instruction_sets_give_the_same_sums() {
        for (rows, pairs) in [(1, 1), (2, 3), (3, 40), (4, 7), (5, 9), (6, 300)] {
            let number = |index: usize, by: usize| (index * by % 511) as i16 - 255;
            let a: Vec<i16> = (0..rows * pairs * 2).map(|index| number(index, 31)).collect();
            let panel: Vec<i16> = (0..pairs * 2 * COLUMNS).map(|index| number(index, 53)).collect();
            let expected = portable(&a, pairs * 2, &panel);
            assert_eq!(tile(Instructions::detect(), &a, pairs * 2, &panel), expected);
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                assert_eq!(tile(Instructions::Avx2, &a, pairs * 2, &panel), expected);
            }
        }
    }
}

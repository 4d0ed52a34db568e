//! Products of bytes with bytes, four at once, for processors with SDOT.
//!
//! x without its zero point may take 9 bits, so that it is
//! moved by a shift that makes bytes of it; Σ (x - shift) · w + shift · Σ w is the same sum, modulo 2^32 as all others are.

use super::byte_panels::BytePanels;
use super::panels::{pairs, panels};
use super::tile::{Sums, TILE_ROWS};
use super::{PackedIntegers, neon};
use crate::program::IntegerProduct;
use crate::threads::Mode;

pub fn available() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

/// Up to `TILE_ROWS` rows of bytes from which `shift` was taken, by panel `number`.
fn by_quads(built: &BytePanels, a: &[i8], number: usize, shift: i16) -> Sums {
    let (width, panel, sums) = (built.width(), built.panel(number), built.sums(number));
    assert!(a.len().is_multiple_of(width) && !a.is_empty() && a.len() <= TILE_ROWS * width);
    let start = std::array::from_fn(|column| sums[column].wrapping_mul(i32::from(shift)));
    // SAFETY: bytes are only packed where `available` says so; the assert holds what the kernel reads in bounds.
    unsafe { neon::quads(a, width, panel, &start) }
}

/// y by panels of quads, and by those of 16 bits where bytes do not hold x. All give the same sums.
pub fn product(mode: Mode, op: &IntegerProduct, packed: &PackedIntegers, groups: &[BytePanels], x: &[i16], y: &mut [u8]) {
    let Some(shift) = shift_of(x) else {
        let inner = packed.taps.len() * (op.input.channels / op.groups);
        let groups: Vec<_> = groups.iter().map(|group| group.pairs(inner)).collect();
        return pairs(mode, op, packed, &groups, x, y);
    };
    let mut shifted = vec![0i8; x.len()];
    let length = mode.chunk_length(x.len(), 1);
    mode.chunks(&mut shifted, length, |index, chunk| {
        chunk.iter_mut().zip(&x[index * length..]).for_each(|(to, &x)| *to = (x - shift) as i8);
    });
    let by_panel = |a: &[i8], group: usize, number: usize| by_quads(&groups[group], a, number, shift);
    panels(mode, op, packed, &shifted, -shift as i8, groups[0].width(), by_panel, y);
}

/// What makes bytes of x, and of the zeros around it; `None` where no number does.
fn shift_of(x: &[i16]) -> Option<i16> {
    let (least, most) = x.iter().fold((0i16, 0i16), |(least, most), &x| (least.min(x), most.max(x)));
    let shift = (most - 127).max(0) + (least + 128).min(0);
    let fits = |x: i16| i8::try_from(i32::from(x) - i32::from(shift)).is_ok();
    (fits(least) && fits(most)).then_some(shift)
}

#[cfg(test)]
mod tests {
    use super::super::tile::{COLUMNS, Instructions, tile};
    use super::*;

    #[test]
    fn bytes_give_the_sums_of_integers_of_16_bits() {
        if !available() {
            return; // The kernel of 16 bits is what runs on this processor.
        }
        for (rows, inner, columns) in [(1, 1, 1), (2, 4, 16), (3, 9, 17), (4, 26, 40), (5, 147, 3), (6, 1030, 16)] {
            let weight = |column: usize, index: usize| ((column * 37 + index * 53) % 256) as i16 - 128;
            for least in [-128, -255, 0, -3] {
                let x: Vec<i16> = (0..rows * inner).map(|index| (index * 31 % 256) as i16 + least).collect();
                let shift = shift_of(&x).unwrap();
                let built = BytePanels::new(columns, inner, inner, weight).unwrap();
                let width = built.width();
                let mut a = vec![0; rows * width];
                let mut wide = vec![0; rows * inner.next_multiple_of(2)];
                for (row, x) in x.chunks_exact(inner).enumerate() {
                    for (index, &x) in x.iter().enumerate() {
                        a[row * width + index] = i8::try_from(x - shift).unwrap();
                        wide[row * inner.next_multiple_of(2) + index] = x;
                    }
                }
                let length = inner.next_multiple_of(2) * COLUMNS;
                for (number, panel) in built.pairs(inner).chunks_exact(length).enumerate() {
                    let expected = tile(Instructions::Portable, &wide, inner.next_multiple_of(2), panel);
                    assert_eq!(by_quads(&built, &a, number, shift), expected, "{rows} {inner} {columns} from {least}, panel {number}");
                }
            }
        }
    }

    #[test]
    fn a_shift_makes_bytes_of_256_neighbours_and_of_no_more() {
        for (least, most, expected) in
            [(0, 0, Some(0)), (-128, 127, Some(0)), (0, 255, Some(128)), (-255, 0, Some(-127)), (-100, 155, Some(28)), (3, 200, Some(73))]
        {
            assert_eq!(shift_of(&[least, most]), expected);
        }
        for wide in [[-1, 255], [-128, 128], [-255, 255], [i16::MIN, i16::MAX], [0, i16::MAX], [i16::MIN, 0]] {
            assert_eq!(shift_of(&wide), None);
        }
    }
}

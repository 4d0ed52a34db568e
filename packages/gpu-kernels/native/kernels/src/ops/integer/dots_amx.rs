//! Squares of `tiles` with AMX: up to 32 rows by 32 columns, four registers of sums.

use super::ending_avx512::{Ending, To};
use super::planes::SQUARE;
use super::tile::COLUMNS;
use crate::amx::ROWS;
use std::arch::asm;
use std::arch::x86_64::*;

/// Rows of sums of up to two panels.
#[repr(C, align(64))]
pub struct Sums([[[i32; COLUMNS]; 2]; SQUARE]);

impl Sums {
    pub fn new() -> Self {
        Sums([[[0; COLUMNS]; 2]; SQUARE])
    }

    /// Those of the last products, of `V` panels.
    pub fn rows<const V: usize>(&self) -> &[[[i32; COLUMNS]; V]] {
        const { assert!(V == 1 || V == 2) };
        // SAFETY: as many numbers or half of them.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), SQUARE) }
    }
}

/// What sums are made of. Each row of x lies `pitch` bytes after the one before, and has 64 bytes
/// at each of the offsets; `b` has a register for each panel of each step; `start` a number for each column.
pub struct Square<'a> {
    pub a: *const u8,
    pub pitch: usize,
    pub offsets: &'a [usize],
    pub b: *const u8,
    pub start: *const i32,
}

/// Asks for 8 of the lines that are loaded four steps of a pair later: weights come in time even from the last cache level.
macro_rules! ahead {
    ($at:literal) => {
        ahead!($at, 0 64 128 192 256 320 384 448)
    };
    ($at:literal, $($line:literal)*) => {
        concat!($("prefetcht0 [{b} + 8192 + ", $at, " + ", $line, "]\n",)*)
    };
}

/// Sums that begin with `start`, steps in a loop, and sums to memory.
macro_rules! multiply {
    ($square:expr, $sums:expr, [$($first:literal)*], [$($step:expr),* $(,)?], [$($last:literal)*], $($below:tt)*) => {
        asm!(
            "xor {row:e}, {row:e}", // As a stride: all rows are the same.
            $($first,)*
            "2:",
            "mov {row}, [{offset}]",
            "add {row}, {a}",
            $($step,)*
            "add {offset}, 8",
            "cmp {offset}, {end}",
            "jne 2b",
            $($last,)*
            row = out(reg) _,
            start = in(reg) $square.start,
            a = in(reg) $square.a,
            pitch = in(reg) $square.pitch,
            b = inout(reg) $square.b => _,
            offset = inout(reg) $square.offsets.as_ptr() => _,
            end = in(reg) $square.offsets.as_ptr_range().end,
            line = in(reg) 64usize,
            sums = in(reg) $sums,
            $($below)*
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _, out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        )
    };
}

/// Sums of `rows` rows by `V` panels.
///
/// # Safety
/// This thread has `amx::Tiles` with products of bytes, and `square` is as described, with the rows of whole registers; it has
/// a step.
pub unsafe fn products<const V: usize>(square: &Square, rows: usize, sums: &mut Sums) {
    let sums = sums.0.as_mut_ptr();
    // SAFETY: loads what the contract says and stores as many registers as `sums` has rows and panels.
    unsafe {
        match (rows > ROWS, V) {
            (true, 2) => multiply!(
                square,
                sums,
                [
                    "tileloadd tmm0, [{start} + {row}]"
                    "tileloadd tmm1, [{start} + {row} + 64]"
                    "tileloadd tmm2, [{start} + {row}]"
                    "tileloadd tmm3, [{start} + {row} + 64]"
                ],
                [
                    "tileloadd tmm6, [{b} + {line}]",
                    "tileloadd tmm4, [{row} + {pitch}]",
                    ahead!(0),
                    "tdpbusd tmm0, tmm4, tmm6",
                    "tileloadd tmm7, [{b} + {line} + 1024]",
                    ahead!(512),
                    "tdpbusd tmm1, tmm4, tmm7",
                    "add {row}, {below}",
                    "tileloadd tmm5, [{row} + {pitch}]",
                    ahead!(1024),
                    "tdpbusd tmm2, tmm5, tmm6",
                    ahead!(1536),
                    "tdpbusd tmm3, tmm5, tmm7",
                    "add {b}, 2048",
                ],
                [
                    "mov {row:e}, 128"
                    "tilestored [{sums} + {row}], tmm0"
                    "tilestored [{sums} + {row} + 64], tmm1"
                    "tilestored [{sums} + {row} + 2048], tmm2"
                    "tilestored [{sums} + {row} + 2112], tmm3"
                ],
                below = in(reg) ROWS * square.pitch,
            ),
            (true, _) => multiply!(
                square,
                sums,
                [
                    "tileloadd tmm0, [{start} + {row}]"
                    "tileloadd tmm2, [{start} + {row}]"
                ],
                [
                    "tileloadd tmm6, [{b} + {line}]",
                    "tileloadd tmm4, [{row} + {pitch}]",
                    ahead!(0),
                    "tdpbusd tmm0, tmm4, tmm6",
                    "add {row}, {below}",
                    "tileloadd tmm5, [{row} + {pitch}]",
                    ahead!(512),
                    "tdpbusd tmm2, tmm5, tmm6",
                    "add {b}, 1024",
                ],
                [
                    "tilestored [{sums} + {line}], tmm0"
                    "tilestored [{sums} + {line} + 1024], tmm2"
                ],
                below = in(reg) ROWS * square.pitch,
            ),
            (false, 2) => multiply!(
                square,
                sums,
                [
                    "tileloadd tmm0, [{start} + {row}]"
                    "tileloadd tmm1, [{start} + {row} + 64]"
                ],
                [
                    "tileloadd tmm6, [{b} + {line}]",
                    "tileloadd tmm4, [{row} + {pitch}]",
                    ahead!(0),
                    ahead!(512),
                    "tdpbusd tmm0, tmm4, tmm6",
                    "tileloadd tmm7, [{b} + {line} + 1024]",
                    ahead!(1024),
                    ahead!(1536),
                    "tdpbusd tmm1, tmm4, tmm7",
                    "add {b}, 2048",
                ],
                [
                    "mov {row:e}, 128"
                    "tilestored [{sums} + {row}], tmm0"
                    "tilestored [{sums} + {row} + 64], tmm1"
                ],
            ),
            _ => multiply!(
                square,
                sums,
                ["tileloadd tmm0, [{start} + {row}]"],
                [
                    "tileloadd tmm6, [{b} + {line}]",
                    "tileloadd tmm4, [{row} + {pitch}]",
                    ahead!(0),
                    ahead!(512),
                    "tdpbusd tmm0, tmm4, tmm6",
                    "add {b}, 1024",
                ],
                ["tilestored [{sums} + {line}], tmm0"],
            ),
        }
    }
}

/// Neighbouring rows of sums to y.
///
/// # Safety
/// The CPU has AVX-512 F, BW, DQ and VL; `scale` has a number for each of `V` panels' columns; y and what is added have `rows`
/// rows as `Ending::store` expects them.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub unsafe fn store<const V: usize>(ending: &Ending, sums: &[[[i32; COLUMNS]; V]], scale: &[f32; 2 * COLUMNS], to: To) {
    let mut scales = [_mm512_setzero_ps(); V];
    for v in 0..V {
        // SAFETY: two panels of numbers.
        scales[v] = unsafe { _mm512_loadu_ps(scale.as_ptr().add(COLUMNS * v)) };
    }
    // SAFETY: the contract is passed on.
    unsafe { ending.store(sums, scales, to) }
}

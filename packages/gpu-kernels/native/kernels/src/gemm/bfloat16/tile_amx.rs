//! 32 rows by 32 columns on eight registers of AMX: two of rows, two of columns, four of sums.

use super::parts::EXACT;
use super::tile::{HEIGHT, Sides, Sums, WIDTH};
use crate::amx::{ROW_BYTES, TILE_BYTES};
use std::arch::asm;

/// Both tiles of rows times both panels.
macro_rules! multiply {
    () => {
        "tdpbf16ps tmm0, tmm4, tmm6
         tdpbf16ps tmm1, tmm4, tmm7
         tdpbf16ps tmm2, tmm5, tmm6
         tdpbf16ps tmm3, tmm5, tmm7
"
    };
}

/// Part `$at` of both tiles of rows, or of both panels.
macro_rules! rows {
    ($at:literal) => {
        concat!("tileloadd tmm4, [{a0} + {stride} + 1024 * ", $at, "]\n tileloadd tmm5, [{a1} + {stride} + 1024 * ", $at, "]\n")
    };
}
macro_rules! columns {
    ($at:literal) => {
        concat!("tileloadd tmm6, [{b0} + {stride} + 1024 * ", $at, "]\n tileloadd tmm7, [{b1} + {stride} + 1024 * ", $at, "]\n")
    };
}

/// Fetches KiB `$at` of the next step of B, `$step` bytes on, into the first cache level. A load of a register waits for each of its
/// lines, and the processor alone does not ask for them early enough.
macro_rules! near {
    ($step:literal, $at:literal) => {
        concat!(
            ".irp line, 0, 64, 128, 192, 256, 320, 384, 448, 512, 576, 640, 704, 768, 832, 896, 960\n prefetcht0 [{b0} + ",
            $step,
            " + 1024 * ",
            $at,
            " + \\line]\n .endr\n"
        )
    };
}

/// Fetches the next KiB of what is read much later into the second cache level.
macro_rules! far {
    () => {
        ".irp line, 0, 64, 128, 192, 256, 320, 384, 448, 512, 576, 640, 704, 768, 832, 896, 960
         prefetcht1 [{ahead} + \\line]
         .endr
         add {ahead}, 1024
"
    };
}

macro_rules! run {
    ($sides:expr, $sums:expr, $($text:expr),*) => {
        asm!(
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "2:",
            $($text,)*
            "add {a0}, {a_step}", "add {a1}, {a_step}", "add {b0}, {b_step}", "add {b1}, {b_step}",
            "dec {steps}",
            "jnz 2b",
            "add {stride}, {stride}",
            "tilestored [{sums} + {stride}], tmm0",
            "tilestored [{sums} + {stride} + 64], tmm1",
            "tilestored [{sums} + {stride} + 2048], tmm2",
            "tilestored [{sums} + {stride} + 2112], tmm3",
            a0 = inout(reg) $sides.a[0] => _, a1 = inout(reg) $sides.a[1] => _,
            b0 = inout(reg) $sides.b[0] => _, b1 = inout(reg) $sides.b[1] => _, ahead = inout(reg) $sides.ahead => _,
            a_step = in(reg) $sides.a_step, b_step = in(reg) $sides.b_step,
            steps = inout(reg) $sides.steps => _, stride = inout(reg) ROW_BYTES => _, sums = in(reg) $sums.0.as_mut_ptr(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _, out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        )
    };
}

/// The six products that matter of floats in three parts, the smallest first; a text to go between each and the next.
macro_rules! run_exact {
    ($sides:expr, $sums:expr, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr) => {
        run!(
            $sides,
            $sums,
            rows!(2),
            columns!(0),
            multiply!(),
            near!(6144, 0),
            $a,
            rows!(1),
            multiply!(),
            near!(6144, 1),
            $b,
            rows!(0),
            multiply!(),
            near!(6144, 2),
            $c,
            columns!(1),
            multiply!(),
            near!(6144, 3),
            $d,
            columns!(2),
            multiply!(),
            near!(6144, 4),
            $e,
            rows!(1),
            columns!(1),
            multiply!(),
            near!(6144, 5),
            $f
        )
    };
}

/// The same of two parts: three products.
macro_rules! run_pair {
    ($sides:expr, $sums:expr, $a:expr, $b:expr, $c:expr, $d:expr) => {
        run!(
            $sides,
            $sums,
            rows!(1),
            columns!(0),
            multiply!(),
            near!(4096, 0),
            $a,
            rows!(0),
            multiply!(),
            near!(4096, 1),
            $b,
            columns!(1),
            multiply!(),
            near!(4096, 2),
            $c,
            near!(4096, 3),
            $d
        )
    };
}

/// Sums of products of floats in one part, in two or in three.
///
/// # Safety
/// `Tiles` are configured in this thread, there are products of bfloat16, and `sides` has `steps` steps, at least one, of
/// `PARTS` KiB at each of its pointers.
pub unsafe fn sum<const PARTS: usize>(sides: &Sides, sums: &mut Sums) {
    const { assert!(PARTS >= 1 && PARTS <= EXACT) };
    const { assert!(TILE_BYTES == 1024 && ROW_BYTES == 64 && HEIGHT * WIDTH == 1024) };
    // SAFETY: the registers are 16 rows of 64 bytes, which lie one after the other, or 128 bytes apart in `sums`; the rest is the
    // caller's promise. A prefetch touches nothing.
    unsafe {
        match (PARTS, sides.fetched) {
            (1, 2..) => run!(sides, sums, rows!(0), columns!(0), multiply!(), near!(2048, 0), near!(2048, 1), far!(), far!()),
            (1, _) => run!(sides, sums, rows!(0), columns!(0), multiply!(), near!(2048, 0), near!(2048, 1), far!()),
            (2, 3..) => run_pair!(sides, sums, far!(), far!(), far!(), far!()),
            (2, 2) => run_pair!(sides, sums, far!(), "", far!(), ""),
            (2, _) => run_pair!(sides, sums, far!(), "", "", ""),
            (_, 4..) => run_exact!(sides, sums, far!(), far!(), far!(), far!(), far!(), far!()),
            (_, 3) => run_exact!(sides, sums, far!(), "", far!(), "", far!(), ""),
            (_, 2) => run_exact!(sides, sums, far!(), "", "", far!(), "", ""),
            (_, _) => run_exact!(sides, sums, far!(), "", "", "", "", ""),
        }
    }
}

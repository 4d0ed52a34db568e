//! 32 rows by 32 columns on eight registers of AMX: two of rows, two of columns, four of sums.

use super::apart::EXACT;
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

/// Takes lines of a panel of floats apart, as `split_line` does, while products of tiles are under way; asks for those two panels on.
macro_rules! take {
    ($($line:literal),*) => {
        concat!(
            ".irp line", $(", ", stringify!($line),)* "
             prefetcht0 [{ahead} + 128 * \\line + 4096]
             prefetcht0 [{ahead} + 128 * \\line + 4160]
             vmovups zmm16, [{ahead} + 128 * \\line]
             vmovups zmm17, [{ahead} + 128 * \\line + 64]\n",
            part!(0),
            "vsubps zmm16, zmm16, zmm18
             vsubps zmm17, zmm17, zmm19\n",
            part!(1024),
            "vsubps zmm16, zmm16, zmm18
             vsubps zmm17, zmm17, zmm19\n",
            part!(2048),
            ".endr\n"
        )
    };
}

/// The next part of zmm16 and zmm17, which stays in zmm18 and zmm19, to its line.
macro_rules! part {
    ($at:literal) => {
        concat!(
            "vpaddd zmm18, zmm16, zmm20
             vpaddd zmm19, zmm17, zmm20
             vpandd zmm18, zmm18, zmm21
             vpandd zmm19, zmm19, zmm21
             vpsrld zmm22, zmm18, 16
             vpord zmm22, zmm22, zmm19
             vmovups [{to} + 64 * \\line + ",
            $at,
            "], zmm22\n"
        )
    };
}

macro_rules! next_panel {
    () => {
        "add {ahead}, 2048\n add {to}, 3072\n"
    };
}

macro_rules! run {
    ($sides:expr, $sums:expr, $($text:expr),*) => {
        asm!(
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "mov {word:e}, 0x8000", "vpbroadcastd zmm20, {word:e}", "mov {word:e}, 0xffff0000", "vpbroadcastd zmm21, {word:e}",
            "// {ahead} {to}", // Not all of the texts read them.
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
            b0 = inout(reg) $sides.b[0] => _, b1 = inout(reg) $sides.b[1] => _,
            ahead = inout(reg) $sides.meanwhile.from => _, to = inout(reg) $sides.meanwhile.to => _, word = out(reg) _,
            a_step = in(reg) $sides.a_step, b_step = in(reg) $sides.b_step,
            steps = inout(reg) $sides.steps => _, stride = inout(reg) ROW_BYTES => _, sums = in(reg) $sums.0.as_mut_ptr(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _, out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            out("zmm16") _, out("zmm17") _, out("zmm18") _, out("zmm19") _, out("zmm20") _, out("zmm21") _, out("zmm22") _,
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
        match (PARTS, sides.meanwhile.fetched) {
            (1, 2..) => run!(sides, sums, rows!(0), columns!(0), multiply!(), near!(2048, 0), near!(2048, 1), far!(), far!()),
            (1, _) => run!(sides, sums, rows!(0), columns!(0), multiply!(), near!(2048, 0), near!(2048, 1), far!()),
            (2, 3..) => run_pair!(sides, sums, far!(), far!(), far!(), far!()),
            (2, 2) => run_pair!(sides, sums, far!(), "", far!(), ""),
            (2, _) => run_pair!(sides, sums, far!(), "", "", ""),
            (_, _) => match sides.meanwhile.taken {
                0 => run_exact!(sides, sums, "", "", "", "", "", ""),
                1 => run_exact!(
                    sides,
                    sums,
                    take!(0, 1, 2),
                    take!(3, 4, 5),
                    take!(6, 7, 8),
                    take!(9, 10, 11),
                    take!(12, 13),
                    concat!(take!(14, 15), next_panel!())
                ),
                _ => run_exact!(
                    sides,
                    sums,
                    take!(0, 1, 2, 3, 4),
                    take!(5, 6, 7, 8, 9),
                    concat!(take!(10, 11, 12, 13, 14, 15), next_panel!()),
                    take!(0, 1, 2, 3, 4),
                    take!(5, 6, 7, 8, 9),
                    concat!(take!(10, 11, 12, 13, 14, 15), next_panel!())
                ),
            },
        }
    }
}

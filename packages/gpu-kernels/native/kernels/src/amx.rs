//! AMX: eight registers of 16 rows by 64 bytes, and instructions that multiply two of them and add the products to a third. On
//! Linux a process asks once for its threads to be allowed to use them.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count};
use std::sync::LazyLock;

/// Rows of a register.
pub const ROWS: usize = 16;
/// Bytes of a row of a register.
pub const ROW_BYTES: usize = 64;
/// Bytes of a register.
pub const TILE_BYTES: usize = ROWS * ROW_BYTES;

/// Which products the processor has and the system allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Products {
    /// Of bfloat16, summed as float32.
    pub bf16: bool,
    /// Of bytes, summed as int32.
    pub int8: bool,
}

static PRODUCTS: LazyLock<Products> = LazyLock::new(|| {
    let none = Products { bf16: false, int8: false };
    // What surrounds the products, packing and endings, is written for AVX-512.
    let surrounded = std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512bw");
    if !surrounded || __cpuid(0).eax < 7 {
        return none;
    }
    // Leaf 7: bit 22 amx-bf16, bit 24 amx-tile, bit 25 amx-int8.
    let has = __cpuid_count(7, 0).edx;
    if has & 1 << 24 == 0 || !allowed() {
        return none;
    }
    Products { bf16: has & 1 << 22 != 0, int8: has & 1 << 25 != 0 }
});

/// The first call asks the system.
pub fn products() -> Products {
    *PRODUCTS
}

#[cfg(target_os = "linux")]
fn allowed() -> bool {
    /// Asks for a state that threads do not have from the start (asm/prctl.h), and the state of AMX (bit 18 of XCR0).
    const ARCH_REQ_XCOMP_PERM: libc::c_int = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_ulong = 18;
    // SAFETY: changes nothing but what this process may use; refused where the system or the processor has it not.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> bool {
    false
}

/// All eight registers as 16 rows of 64 bytes, in this thread, until this is dropped. Then the thread has no state of AMX to be
/// saved when it is interrupted.
pub struct Tiles(());

#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Tiles {
    /// # Safety
    /// `products` has one of the two.
    pub unsafe fn new() -> Self {
        const ALL: usize = 8;
        let mut to = Configuration { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        to.row_bytes[..ALL].fill(ROW_BYTES as u16);
        to.rows[..ALL].fill(ROWS as u8);
        // SAFETY: the processor has AMX and the system allows it, by the contract; reads 64 bytes.
        unsafe { asm!("ldtilecfg [{0}]", in(reg) &raw const to, options(readonly, nostack, preserves_flags)) };
        Tiles(())
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: `new` was called, so there is AMX.
        unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16 rows of 64 bytes times 16 columns of as many, against sums in a loop.
    #[test]
    fn a_register_holds_sixteen_rows_of_sixty_four_bytes() {
        if !products().int8 {
            return; // Nothing to run it on.
        }
        let a: Vec<u8> = (0..TILE_BYTES).map(|at| (at * 37 % 256) as u8).collect();
        let b: Vec<i8> = (0..TILE_BYTES).map(|at| (at * 91 % 256) as u8 as i8).collect();
        let mut sums = [0i32; ROWS * ROWS];
        // SAFETY: there is AMX with products of bytes; all operands are of the bytes of a register.
        unsafe {
            let _tiles = Tiles::new();
            asm!(
                "tilezero tmm0",
                "tileloadd tmm1, [{a} + {stride}]",
                "tileloadd tmm2, [{b} + {stride}]",
                "tdpbusd tmm0, tmm1, tmm2",
                "tilestored [{sums} + {stride}], tmm0",
                a = in(reg) a.as_ptr(), b = in(reg) b.as_ptr(), sums = in(reg) sums.as_mut_ptr(), stride = in(reg) ROW_BYTES,
                out("tmm0") _, out("tmm1") _, out("tmm2") _,
                options(nostack),
            );
        }
        for (at, &sum) in sums.iter().enumerate() {
            let (row, column) = (at / ROWS, at % ROWS);
            // Row q of b holds four bytes of each column.
            let product = |k: usize| i32::from(a[row * ROW_BYTES + k]) * i32::from(b[k / 4 * ROW_BYTES + column * 4 + k % 4]);
            assert_eq!(sum, (0..ROW_BYTES).map(product).sum::<i32>(), "row {row}, column {column}");
        }
    }
}

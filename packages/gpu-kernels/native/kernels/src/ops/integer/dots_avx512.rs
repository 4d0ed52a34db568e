//! Tiles of `dots` with AVX-512 VNNI: up to 14 rows by 32 columns, 28 accumulators.

use super::dots_tile::{TILE_ROWS, Tile};
use super::ending_avx512::{Ending, To};
use super::tile::COLUMNS;
use std::arch::x86_64::*;

/// Bytes of a panel that are asked for before they are multiplied.
const AHEAD: usize = 1024;

macro_rules! dispatch {
    ($tile:expr, $rows:expr, $($count:literal)*) => {
        match ($rows, $tile.columns.count > COLUMNS) {
            $(($count, true) => rows::<$count, 2>($tile), ($count, false) => rows::<$count, 1>($tile),)*
            (rows, _) => unreachable!("a tile of {rows} rows"),
        }
    };
}

/// # Safety
/// The CPU has AVX-512 F, BW, DQ, VL and VNNI, and `tile` keeps what `Tile` promises for `count` rows.
pub unsafe fn run(tile: &Tile, count: usize) {
    // SAFETY: the contract is passed on.
    unsafe { dispatch!(tile, count, 1 2 3 4 5 6 7 8 9 10 11 12 13 14) }
}

/// `M` rows by `V` panels.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn rows<const M: usize, const V: usize>(tile: &Tile) {
    let (of, finish) = (tile.columns, tile.finish);
    // Loops in the place of `from_fn`, whose closures are calls where the compiler does not see through them.
    let mut sums = [[_mm512_setzero_si512(); V]; M];
    for v in 0..V {
        // SAFETY: `start` has two panels of numbers.
        let start = unsafe { _mm512_loadu_si512(of.start.as_ptr().add(COLUMNS * v).cast()) };
        for row in 0..M {
            sums[row][v] = start;
        }
    }
    if !tile.other.is_null() {
        for row in 0..M {
            _mm_prefetch::<_MM_HINT_T0>(tile.other.wrapping_add(row * tile.stride).cast());
        }
    }
    let mut at = 0;
    for segment in tile.pointers.chunks_exact(TILE_ROWS) {
        let mut rows = [std::ptr::null(); M];
        rows.copy_from_slice(&segment[..M]);
        for quad in 0..tile.quads {
            // SAFETY: by the contract the panels have 64 bytes for each quad of each segment, and each row 4.
            unsafe {
                let mut columns = [_mm512_setzero_si512(); V];
                for v in 0..V {
                    columns[v] = _mm512_loadu_si512(tile.panels[v].add(at).cast());
                    _mm_prefetch::<_MM_HINT_T0>(tile.panels[v].wrapping_add(at + AHEAD).cast());
                }
                for row in 0..M {
                    let a = _mm512_set1_epi32(rows[row].add(4 * quad).cast::<i32>().read_unaligned());
                    for v in 0..V {
                        sums[row][v] = _mm512_dpbusd_epi32(sums[row][v], a, columns[v]);
                    }
                }
            }
            at += 4 * COLUMNS;
        }
    }
    // Through memory: what follows is too long to be unrolled for each row, and sums that are indexed would lie there all along.
    let mut stored = [[[0i32; COLUMNS]; V]; M];
    for row in 0..M {
        for v in 0..V {
            // SAFETY: 16 numbers.
            unsafe { _mm512_storeu_si512(stored[row][v].as_mut_ptr().cast(), sums[row][v]) };
        }
    }
    let ending = Ending::new(finish);
    let mut scale = [_mm512_setzero_ps(); V];
    for v in 0..V {
        // SAFETY: `scale` has two panels of numbers.
        scale[v] = unsafe { _mm512_loadu_ps(of.scale.as_ptr().add(COLUMNS * v)) };
    }
    let to = To { columns: of.count, y: tile.y, other: tile.other, stride: tile.stride };
    // SAFETY: by the contract y has a number for each column in each of the M rows.
    unsafe { ending.store(&stored, scale, to) }
}

//! Products by panels of 16 columns, for all instructions but those of `dots`.

use super::super::conv::rows_per_chunk;
use super::PackedIntegers;
use super::finish::unit;
use super::place::Place;
use super::tile::{COLUMNS, Sums, TILE_ROWS, tile};
use crate::program::IntegerProduct;
use crate::threads::Mode;

/// Integers of 16 bits by panels of pairs.
pub fn pairs(mode: Mode, op: &IntegerProduct, packed: &PackedIntegers, groups: &[Vec<i16>], x: &[i16], y: &mut [u8]) {
    let width = packed.pairs * 2;
    let length = width * COLUMNS;
    let by_panel =
        |a: &[i16], group: usize, number: usize| tile(packed.instructions, a, width, &groups[group][number * length..][..length]);
    panels(mode, op, packed, x, 0, width, by_panel, y);
}

/// Gathers patches of x, `padding` where they meet none of it, into rows of `width`, and multiplies them:
/// `tile(rows, group, number)` with panel `number` of a group.
pub fn panels<T: Copy + Default + Send + Sync>(
    mode: Mode,
    op: &IntegerProduct,
    packed: &PackedIntegers,
    x: &[T],
    padding: T,
    width: usize,
    tile: impl Fn(&[T], usize, usize) -> Sums + Sync,
    y: &mut [u8],
) {
    let (channels, outputs) = (op.input.channels, op.output.channels);
    let (depth, filters) = (channels / op.groups, outputs / op.groups);
    let (unit, row_bytes) = (unit(op), outputs * unit(op));
    let rows_per_block = rows_per_chunk(mode, y.len() / row_bytes, packed.pairs);
    mode.chunks(y, rows_per_block * row_bytes, |block, y| {
        let rows = y.len() / row_bytes;
        let mut gathered = vec![T::default(); rows * width];
        for group in 0..op.groups {
            for (row, patch) in gathered.chunks_exact_mut(width).enumerate() {
                let place = Place::of(op, block * rows_per_block + row);
                let image = &x[place.item * op.input.size()..][..op.input.size()];
                for (&tap, to) in packed.taps.iter().zip(patch.chunks_exact_mut(depth)) {
                    match place.under(op, tap) {
                        Some(at) => to.copy_from_slice(&image[at + group * depth..][..depth]),
                        None => to.fill(padding),
                    }
                }
            }
            for number in 0..filters.div_ceil(COLUMNS) {
                let column = number * COLUMNS;
                let first = group * filters + column;
                let count = COLUMNS.min(filters - column);
                for (a, y) in gathered.chunks(TILE_ROWS * width).zip(y.chunks_mut(TILE_ROWS * row_bytes)) {
                    let sums = tile(a, group, number);
                    for (sums, y) in sums.iter().zip(y.chunks_exact_mut(row_bytes)) {
                        packed.finish(op, first, &sums[..count], &mut y[first * unit..(first + count) * unit]);
                    }
                }
            }
        }
    });
}

//! Ops that choose numbers: strided copies, concatenation, gathering by index, choice by condition.

use super::elementwise::Side;
use crate::program::{Loop3, Walk};
use crate::threads::Mode;

/// Elements of whole rows of `row`, a multiple of it.
fn rows_of(mode: Mode, total: usize, row: usize) -> usize {
    mode.chunk_length(total, row).div_ceil(row) * row
}

pub fn copy(mode: Mode, x: Side, offset: usize, walks: &[Walk], items: usize, y: &mut [f32]) {
    let Some((inner, outer)) = walks.split_last() else { return };
    let rows = y.len() / items / inner.size;
    let length = rows_of(mode, y.len(), inner.size);
    mode.chunks(y, length, |index, y| {
        for (number, y) in y.chunks_exact_mut(inner.size).enumerate() {
            let row = index * (length / inner.size) + number;
            let start = place(outer, row % rows, (offset + row / rows * x.item_stride) as isize);
            match inner.stride {
                1 => y.copy_from_slice(&x.data[start..][..inner.size]),
                0 => y.fill(x.data[start]),
                stride => {
                    for (column, y) in y.iter_mut().enumerate() {
                        *y = x.data[start.wrapping_add_signed(column as isize * stride)];
                    }
                }
            }
        }
    });
}

/// Where row `index` of the outer walks starts.
fn place(outer: &[Walk], mut index: usize, mut start: isize) -> usize {
    for walk in outer.iter().rev() {
        start += (index % walk.size) as isize * walk.stride;
        index /= walk.size;
    }
    start as usize
}

/// Parts and how many numbers each gives to a row of y.
pub fn concat(mode: Mode, parts: &[(&[f32], usize)], y: &mut [f32]) {
    let row: usize = parts.iter().map(|(_, length)| length).sum();
    let chunk = rows_of(mode, y.len(), row);
    mode.chunks(y, chunk, |index, y| {
        for (number, mut y) in y.chunks_exact_mut(row).enumerate() {
            let row = index * (chunk / row) + number;
            for (part, length) in parts {
                let (piece, rest) = y.split_at_mut(*length);
                piece.copy_from_slice(&part[row * length..][..*length]);
                y = rest;
            }
        }
    });
}

/// x is `[outer, length, inner]`, y `[outer, count, inner]`. An index out of range gives NaN.
pub fn gather(mode: Mode, x: Side, indices: Side, [length, inner, count]: [usize; 3], items: usize, y: &mut [f32]) {
    let outer = y.len() / items / count / inner;
    let chunk = rows_of(mode, y.len(), inner);
    mode.chunks(y, chunk, |block, y| {
        for (number, y) in y.chunks_exact_mut(inner).enumerate() {
            let row = block * (chunk / inner) + number;
            let (item, o) = (row / count / outer, row / count % outer);
            let given = indices.data[item * indices.item_stride + row % count];
            // A cast would make 0 of NaN, which is no index either.
            let index = if given.is_nan() { i64::MIN } else { given as i64 };
            let index = if index < 0 { index + length as i64 } else { index };
            match usize::try_from(index) {
                Ok(index) if index < length => {
                    y.copy_from_slice(&x.data[item * x.item_stride + (o * length + index) * inner..][..inner]);
                }
                _ => y.fill(f32::NAN),
            }
        }
    });
}

/// Condition, then both choices.
pub fn select(mode: Mode, [c, a, b]: [Side; 3], loops: &[Loop3], items: usize, y: &mut [f32]) {
    let Some((inner, outer)) = loops.split_last() else { return };
    let rows = y.len() / items / inner.size;
    let length = rows_of(mode, y.len(), inner.size);
    mode.chunks(y, length, |index, y| {
        for (number, y) in y.chunks_exact_mut(inner.size).enumerate() {
            let row = index * (length / inner.size) + number;
            let at = starts(outer, row % rows);
            let (c, a, b) = (from(c, row / rows, at[0]), from(a, row / rows, at[1]), from(b, row / rows, at[2]));
            let [by_c, by_a, by_b] = inner.strides;
            for (column, y) in y.iter_mut().enumerate() {
                *y = if c[column * by_c] != 0.0 { a[column * by_a] } else { b[column * by_b] };
            }
        }
    });
}

fn from(side: Side<'_>, item: usize, at: usize) -> &[f32] {
    &side.data[item * side.item_stride + at..]
}

fn starts(outer: &[Loop3], mut index: usize) -> [usize; 3] {
    let mut at = [0; 3];
    for step in outer.iter().rev() {
        let coordinate = index % step.size;
        index /= step.size;
        for (at, stride) in at.iter_mut().zip(step.strides) {
            *at += coordinate * stride;
        }
    }
    at
}

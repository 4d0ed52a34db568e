//! Ops that only move data: transpose, constant padding, nearest resize.

use super::elementwise::offsets;
use crate::program::{Extent, Loop};
use crate::threads::Mode;

pub fn transpose<T: Copy + Send + Sync>(mode: Mode, x: &[T], loops: &[Loop], items: usize, y: &mut [T]) {
    let Some((inner, outer)) = loops.split_last() else { return };
    let size = y.len() / items;
    // A matrix turned: in blocks, so that the lines of x that one output row touches serve the next rows too.
    if let ([row], true) = (outer, inner.a > 1 && outer.len() == 1) {
        for (x, y) in x.chunks_exact(size).zip(y.chunks_exact_mut(size)) {
            turn(mode, x, *row, *inner, y);
        }
        return;
    }
    let rows = size / inner.size;
    let length = mode.chunk_length(y.len(), inner.size).div_ceil(inner.size) * inner.size;
    mode.chunks(y, length, |index, y| {
        for (number, y) in y.chunks_exact_mut(inner.size).enumerate() {
            let row = index * (length / inner.size) + number;
            let x = &x[row / rows * size + offsets(outer, row % rows).0..];
            if inner.a == 1 {
                y.copy_from_slice(&x[..inner.size]);
            } else {
                for (column, y) in y.iter_mut().enumerate() {
                    *y = x[column * inner.a];
                }
            }
        }
    });
}

fn turn<T: Copy + Send + Sync>(mode: Mode, x: &[T], row: Loop, column: Loop, y: &mut [T]) {
    const BLOCK: usize = 16;
    if column.size < BLOCK && row.a == 1 {
        // Few columns, as of images: along the rows, where x is read in order.
        const ROWS: usize = 1024;
        mode.chunks(y, ROWS * column.size, |index, y| {
            let rows = y.len() / column.size;
            let line = |c: usize| &x[c * column.a + index * ROWS..][..rows];
            match column.size {
                3 => interleave([0, 1, 2].map(line), y),
                4 => interleave([0, 1, 2, 3].map(line), y),
                _ => (0..column.size).for_each(|c| {
                    let x = line(c);
                    y.chunks_exact_mut(column.size).zip(x).for_each(|(y, &x)| y[c] = x);
                }),
            }
        });
        return;
    }
    mode.chunks(y, BLOCK * column.size, |index, y| {
        for start in (0..column.size).step_by(BLOCK) {
            let end = column.size.min(start + BLOCK);
            for (number, y) in y.chunks_exact_mut(column.size).enumerate() {
                let x = &x[(index * BLOCK + number) * row.a..];
                for (c, y) in y[start..end].iter_mut().enumerate() {
                    *y = x[(start + c) * column.a];
                }
            }
        }
    });
}

/// One number of each line in turn. All lines are as long as `y` has groups.
fn interleave<T: Copy, const C: usize>(lines: [&[T]; C], y: &mut [T]) {
    let (groups, _) = y.as_chunks_mut::<C>();
    let lines = lines.map(|line| &line[..groups.len()]);
    for (at, group) in groups.iter_mut().enumerate() {
        *group = std::array::from_fn(|c| lines[c][at]);
    }
}

/// `top` and `left` may be negative: they crop.
pub fn pad(mode: Mode, x: &[f32], input: Extent, output: Extent, top: i64, left: i64, value: f32, y: &mut [f32]) {
    let channels = input.channels;
    let inside = |at: usize, before: i64, size: usize| {
        let at = at as i64 - before;
        (at >= 0 && at < size as i64).then_some(at as usize)
    };
    mode.chunks(y, output.width * channels, |row, y| {
        y.fill(value);
        let Some(from_y) = inside(row % output.height, top, input.height) else { return };
        let x = &x[row / output.height * input.size() + from_y * input.width * channels..][..input.width * channels];
        let first = left.max(0) as usize;
        let from = (-left).max(0) as usize;
        if first >= output.width || from >= input.width {
            return;
        }
        let count = (output.width - first).min(input.width - from) * channels;
        y[first * channels..][..count].copy_from_slice(&x[from * channels..][..count]);
    });
}

/// Output pixel (y, x) reads input pixel (floor(y · inputHeight / outputHeight), …), in integers.
pub fn resize_nearest(mode: Mode, x: &[f32], input: Extent, output: Extent, y: &mut [f32]) {
    let channels = input.channels;
    mode.chunks(y, output.width * channels, |row, y| {
        let from_y = row % output.height * input.height / output.height;
        let x = &x[row / output.height * input.size() + from_y * input.width * channels..];
        for (column, pixel) in y.chunks_exact_mut(channels).enumerate() {
            pixel.copy_from_slice(&x[column * input.width / output.width * channels..][..channels]);
        }
    });
}

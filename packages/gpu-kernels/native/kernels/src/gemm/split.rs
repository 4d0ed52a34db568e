//! A product in blocks that suit the caches, over all threads where it may use them.

use super::{Epilogue, Instructions, Layout, Output, Packed, Panels, Rows, multiply};
use crate::threads::Mode;
use std::ops::Range;

/// Floats of A that one block of rows may touch: half of a 512 KiB second-level cache.
const BLOCK_FLOATS: usize = 64 * 1024;
/// Parts of a product for each thread: enough that one which is disturbed leaves work to the others.
pub const PARTS: usize = 4;

/// y = activation(A · Bᵀ + bias + residual), where `rows_of` gives a range of the rows of A, which are as many as the
/// rows of y, and `touched` is how many floats of A a row adds to what the cache must hold.
pub fn product<'a>(
    mode: Mode,
    rows_of: impl Fn(Range<usize>) -> Rows<'a> + Sync,
    touched: usize,
    b: &Packed,
    y: &mut [f32],
    layout: Layout,
    epilogue: Epilogue,
    instructions: Instructions,
) {
    let stride = layout.stride;
    let rows = y.len() / stride;
    let (height, across) = blocks(mode, rows, touched, b, instructions);
    let y = Output::new(y);
    mode.tasks(rows.div_ceil(height) * across, |task| {
        let first = task / across * height;
        let range = first..rows.min(first + height);
        let panels = part_of(task % across, across, b.panels());
        let residual = epilogue.residual.map(|residual| &residual[first * stride..]);
        // The next rows begin with the same panels again.
        let next = if first + height < rows { b.all().panel(panels.start).as_ptr() } else { b.next() };
        let a = rows_of(range).spread();
        // SAFETY: each task has its own block of rows and panels, and `y` is borrowed mutably until all have ended.
        unsafe { multiply(&a, b.all(), panels, next, y.from(first * stride), layout, Epilogue { residual, ..epilogue }, instructions) };
    });
}

/// The same for some columns alone, in this thread: `y` has no others.
pub fn product_of_panels(a: &Rows, b: Panels, y: &mut [f32], epilogue: Epilogue, instructions: Instructions) {
    let layout = Layout { stride: b.n, offset: 0 };
    // SAFETY: `y` is borrowed mutably.
    unsafe { multiply(a, b, 0..b.count(), std::ptr::null(), Output::new(y), layout, epilogue, instructions) };
}

/// Rows of a block, and into how many parts B is cut.
fn blocks(mode: Mode, rows: usize, touched: usize, b: &Packed, instructions: Instructions) -> (usize, usize) {
    let tile = instructions.rows();
    let cached = (BLOCK_FLOATS / touched.clamp(1, instructions.deepest())).clamp(tile, 40 * tile) / tile * tile;
    let height = rows.div_ceil(rows.div_ceil(cached)).next_multiple_of(tile);
    let (down, threads) = (rows.div_ceil(height), mode.threads());
    if threads == 1 || down >= PARTS * threads {
        return (height, 1);
    }
    // Cutting B leaves each thread its own share of the weights to read; cutting A its own share of the pixels.
    if b.n >= rows {
        return (height, across(b.panels(), down, threads));
    }
    (rows.div_ceil(PARTS * threads).max(tile).min(height), 1)
}

/// Into how many parts panels are cut so that the thread with most work has least, if each of `down` blocks is cut so.
fn across(panels: usize, down: usize, threads: usize) -> usize {
    // A tile of one panel takes more than half as long as one of two.
    let cost = |panels: usize| 20 * (panels / 2) + 11 * (panels % 2);
    let longest = |parts: usize| {
        let tasks = |thread: usize| thread * parts * down / threads..(thread + 1) * parts * down / threads;
        let of = |task: usize| cost(part_of(task % parts, parts, panels).len());
        (0..threads).map(|thread| tasks(thread).map(of).sum::<usize>()).max().unwrap_or(0)
    };
    let most = (PARTS * threads).div_ceil(down).clamp(1, panels.max(1));
    let least = (1..=most).map(longest).min().unwrap_or(0);
    // More parts leave more to others where a thread is disturbed, which is worth a thirtieth.
    (1..=most).rev().find(|&parts| longest(parts) <= least + least / 30).unwrap_or(1)
}

/// The panels, or whatever is cut evenly, of a part.
pub fn part_of(index: usize, parts: usize, panels: usize) -> Range<usize> {
    index * panels / parts..(index + 1) * panels / parts
}

#[cfg(test)]
mod tests {
    use super::across;

    #[test]
    fn panels_are_cut_so_that_threads_have_as_many() {
        // Ten panels are five pairs, of which one thread of two would have three.
        for (panels, down, threads, parts) in [(10, 1, 2, 6), (20, 1, 2, 8), (80, 1, 2, 8), (3, 1, 2, 2), (1, 1, 4, 1), (63, 3, 2, 2)] {
            assert_eq!(across(panels, down, threads), parts, "{panels} panels, {down} blocks, {threads} threads");
        }
    }
}

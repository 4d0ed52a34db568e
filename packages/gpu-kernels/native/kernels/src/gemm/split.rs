//! A product in blocks that suit the caches, over all threads where it may use them.

use super::{Epilogue, Instructions, Layout, Output, Packed, Panels, Rows, multiply};
use crate::threads::Mode;
use std::ops::Range;

/// Floats of A that one block of rows may touch: half of a 512 KiB second-level cache.
const BLOCK_FLOATS: usize = 64 * 1024;
/// Parts of a product for each thread: enough that one which is disturbed leaves work to the others.
const PARTS: usize = 4;

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
    let (height, width) = blocks(mode, rows, touched, b, instructions);
    let across = b.panels().div_ceil(width);
    let y = Output::new(y);
    mode.tasks(rows.div_ceil(height) * across, |task| {
        let first = task / across * height;
        let range = first..rows.min(first + height);
        let panels = task % across * width..b.panels().min((task % across + 1) * width);
        let residual = epilogue.residual.map(|residual| &residual[first * stride..]);
        // The next rows begin with the same panels again.
        let next = if first + height < rows { b.all().panel(panels.start).as_ptr() } else { b.next() };
        let a = rows_of(range);
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

/// Rows and panels of a block.
fn blocks(mode: Mode, rows: usize, touched: usize, b: &Packed, instructions: Instructions) -> (usize, usize) {
    let tile = instructions.rows();
    let cached = (BLOCK_FLOATS / touched.clamp(1, instructions.deepest())).clamp(tile, 40 * tile) / tile * tile;
    let height = rows.div_ceil(rows.div_ceil(cached)).next_multiple_of(tile);
    let tasks = match mode {
        Mode::Sequential => return (height, b.panels()),
        Mode::Parallel(team) => PARTS * team.threads(),
    };
    let down = rows.div_ceil(height);
    if down >= tasks {
        return (height, b.panels());
    }
    // Cutting B leaves each thread its own share of the weights to read; cutting A its own share of the pixels.
    let pairs = b.panels().div_ceil(2);
    if b.n >= rows {
        return (height, 2 * pairs.div_ceil(tasks.div_ceil(down)).max(1));
    }
    (rows.div_ceil(tasks).next_multiple_of(tile).min(height), b.panels())
}

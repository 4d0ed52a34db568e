//! A 1x1 convolution whose output only a depthwise one reads, as in MobileNetV2: some channels at a time go through both. What lies
//! between them stays in the first cache level, and threads that have different channels need not wait for each other.

use super::conv::is_pointwise;
use super::depthwise::{Job, PackedDepthwise, Source};
use crate::gemm::{Epilogue, Instructions, Output, Packed, Rows, product_of_panels};
use crate::program::Conv;
use crate::scratch::Scratch;
use crate::threads::Mode;

/// Channels that go through both together: those of the widest tile.
const CHANNELS: usize = 32;
/// Floats between the two convolutions that items share: 32 KiB.
const BETWEEN_FLOATS: usize = 8 * 1024;
/// Most floats of the input of an item, which is read again for all groups of channels: 512 KiB, so that it stays in the second
/// cache level.
const MOST_FLOATS: usize = 128 * 1024;

/// Both, and what the first needs. The second has its bias in its weights.
pub struct Expansion<'a> {
    pub first: (&'a Conv, &'a Packed),
    pub bias: Option<&'a [f32]>,
    pub second: (&'a Conv, &'a PackedDepthwise),
    pub instructions: Instructions,
}

/// Whether `second`, which reads what `first` writes, is depthwise, and both are of a size at which this pays.
pub fn suits(first: &Conv, second: &Conv) -> bool {
    let is_depthwise = second.groups == second.input.channels && second.groups == second.output.channels && second.groups > 1;
    let is_small = first.input.size().max(first.output.size()) <= MOST_FLOATS;
    is_depthwise && is_pointwise(first) && first.residual.is_none() && is_small
}

impl Expansion<'_> {
    /// `watch(step, work)` does the work of the first or second step.
    pub fn run(&self, mode: Mode, x: &[f32], residual: Option<&[f32]>, y: &mut [f32], watch: impl Fn(usize, &mut dyn FnMut()) + Sync) {
        let ((first, packed), (second, _)) = (self.first, self.second);
        let (pixels, depth) = (first.input.height * first.input.width, first.input.channels);
        let items = y.len() / second.output.size();
        let together = (BETWEEN_FLOATS / (pixels * CHANNELS)).clamp(1, items);
        let blocks = items.div_ceil(together);
        let starts = |block: usize| block * items / blocks;
        let rows_of = |block: usize| {
            let (start, end) = (starts(block) * pixels, starts(block + 1) * pixels);
            Rows::dense(&x[start * depth..end * depth], end - start, depth, self.instructions.rows()).spread()
        };
        let rows: Vec<Rows> = (0..blocks).map(rows_of).collect();
        let y = Output::new(y);
        // Groups of channels are outermost, so that all items go over the same weights.
        mode.tasks(blocks * first.output.channels.div_ceil(CHANNELS), |task| {
            let (start, block) = (task / blocks * CHANNELS, task % blocks);
            let columns = packed.columns(start, CHANNELS);
            let mut between = Scratch::take(rows[block].rows * columns.n);
            let epilogue = Epilogue { bias: self.bias.map(|bias| &bias[start..]), residual: None, activation: first.activation };
            watch(0, &mut || product_of_panels(&rows[block], columns, &mut between, epilogue, self.instructions));
            let channels = start..start + columns.n;
            // SAFETY: each task has its own channels of its own items, and `y` is borrowed mutably until all have ended.
            watch(1, &mut || unsafe { self.filter(channels.clone(), &between, starts(block), residual, y) });
        });
    }

    /// The depthwise convolution of the items in `between` from the first one of `item`.
    ///
    /// # Safety
    /// Nobody else reads or writes these channels of these items meanwhile.
    unsafe fn filter(&self, channels: std::ops::Range<usize>, between: &[f32], item: usize, residual: Option<&[f32]>, y: Output) {
        let (conv, packed) = self.second;
        let (stride, row) = (channels.len(), conv.output.width * conv.output.channels);
        let job = Job { conv, packed, channels, instructions: self.instructions };
        for (index, floats) in between.chunks_exact(conv.input.height * conv.input.width * stride).enumerate() {
            for at in 0..conv.output.height {
                let start = (item + index) * conv.output.size() + at * row;
                // SAFETY: the caller's promise.
                unsafe { job.line(at, Source { floats, stride, origin: 0 }, residual.map(|residual| &residual[start..]), y.from(start)) };
            }
        }
    }
}

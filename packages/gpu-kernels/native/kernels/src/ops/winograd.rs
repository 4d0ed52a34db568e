//! 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3) (Lavin and Gray, arXiv 1509.09308): each 6x6
//! patch of input gives 4x4 outputs with 36 products a channel in the place of 144. A block of patches is transformed into
//! 36 matrices [patch][channel], each is multiplied with its matrix of transformed weights, and the products are
//! transformed back.

mod transforms;
mod weights;

use crate::gemm::{Epilogue, Instructions, Layout, Output, Rows, product};
use crate::program::{Activation, Conv, Extent};
use crate::scratch::Scratch;
use crate::threads::Mode;
use std::ops::Range;
use transforms::{backward, forward};
pub use weights::PackedWinograd;

/// Outputs and inputs of a patch along a side.
const OUT: usize = 4;
const IN: usize = OUT + 2;
const POINTS: usize = IN * IN;
/// Of a filter, along a side and in all.
const KERNEL: usize = 3;
const TAPS: usize = KERNEL * KERNEL;
/// Channels that are transformed together.
const LANES: usize = 16;
type Lane = [f32; LANES];
/// Floats of transformed patches in a block: 1 MiB, about the second-level cache.
const BLOCK_FLOATS: usize = 256 * 1024;
/// Fewest tiles of patches in a block: with fewer, reading the weights of all points from the third cache level takes longer than
/// to multiply, and with four of 256 channels the block may leave the second.
const FEWEST_TILES: usize = 4;
/// Most channels times filters: transformed weights take four times the memory of the plain ones, here 36 MiB.
const MAX_WEIGHT: usize = 512 * 512;
/// Fewest output pixels of an item: below, all the transformed weights are read for too few patches.
const MIN_PIXELS: usize = 14 * 14;

/// Whether a convolution has the form, and the size at which it pays. Depends on nothing but the plan, so that an item
/// has the same result in any batch.
pub fn suits(conv: &Conv) -> bool {
    let Conv { window, input, output, .. } = conv;
    let is_plain = window.kernel == [3, 3] && window.strides == [1, 1] && window.dilations == [1, 1] && conv.groups == 1;
    let in_lanes = input.channels.is_multiple_of(LANES) && output.channels.is_multiple_of(LANES);
    let deep = input.channels >= 32 && output.channels >= 32 && input.channels * output.channels <= MAX_WEIGHT;
    is_plain && in_lanes && deep && output.height * output.width >= MIN_PIXELS
}

/// What all patches share.
#[derive(Clone, Copy)]
struct Job<'a> {
    conv: &'a Conv,
    x: &'a [f32],
    bias: Option<&'a [f32]>,
    residual: Option<&'a [f32]>,
    /// One pixel in the padding.
    zeros: &'a [f32],
    instructions: Instructions,
}

/// Where a patch lies.
struct Patch {
    item: usize,
    /// Of its first output.
    y: usize,
    x: usize,
}

impl<'a> Job<'a> {
    /// Patches down and across an item.
    fn grid(&self) -> [usize; 2] {
        [self.conv.output.height, self.conv.output.width].map(|side| side.div_ceil(OUT))
    }

    fn patch(&self, index: usize) -> Patch {
        let [down, across] = self.grid();
        Patch { item: index / (across * down), y: index / across % down * OUT, x: index % across * OUT }
    }

    /// The pixels of input under a patch.
    fn pixels(&self, patch: &Patch) -> [[&'a [f32]; IN]; IN] {
        let Conv { input, window, .. } = self.conv;
        std::array::from_fn(|row| {
            let y = (patch.y + row).checked_sub(window.top).filter(|&y| y < input.height);
            std::array::from_fn(|column| {
                let x = (patch.x + column).checked_sub(window.left).filter(|&x| x < input.width);
                let (Some(y), Some(x)) = (y, x) else { return self.zeros };
                &self.x[((patch.item * input.height + y) * input.width + x) * input.channels..][..input.channels]
            })
        })
    }

    /// Starts in y of the outputs of a patch, `None` outside.
    fn targets(&self, patch: &Patch) -> [[Option<usize>; OUT]; OUT] {
        let Extent { height, width, channels } = self.conv.output;
        std::array::from_fn(|row| {
            std::array::from_fn(|column| {
                let (y, x) = (patch.y + row, patch.x + column);
                (y < height && x < width).then_some(((patch.item * height + y) * width + x) * channels)
            })
        })
    }
}

pub fn winograd(
    mode: Mode,
    conv: &Conv,
    packed: &PackedWinograd,
    x: &[f32],
    bias: Option<&[f32]>,
    residual: Option<&[f32]>,
    y: &mut [f32],
    instructions: Instructions,
) {
    let zeros = vec![0.0; conv.input.channels];
    let job = Job { conv, x, bias, residual, zeros: &zeros, instructions };
    let [down, across] = job.grid();
    let patches = y.len() / conv.output.size() * down * across;
    let tile = instructions.rows();
    let fitting = BLOCK_FLOATS / (POINTS * conv.input.channels.max(conv.output.channels)) / tile * tile;
    let count = patches.div_ceil(fitting.max(FEWEST_TILES * tile));
    let threads = mode.threads();
    // Few blocks: the threads share each; many: each thread has its own.
    let (outside, inside) = if count >= 2 * threads { (mode, Mode::Sequential) } else { (Mode::Sequential, mode) };
    let y = Output::new(y);
    outside.tasks(count, |index| block(inside, &job, packed, index * patches / count..(index + 1) * patches / count, y));
}

/// Transforms some patches, multiplies them, and writes their outputs.
fn block(mode: Mode, job: &Job, packed: &PackedWinograd, patches: Range<usize>, y: Output) {
    let (channels, filters) = (job.conv.input.channels, job.conv.output.channels);
    let count = patches.len();
    // [patch][point][channel], a little longer, so that patches do not lie a multiple of 4096 bytes apart.
    let stride = POINTS * channels + LANES;
    let mut transformed = Scratch::take(count * stride);
    mode.chunks(&mut transformed, stride, |index, target| forward(job, &job.pixels(&job.patch(patches.start + index)), target));
    let transformed = &*transformed;
    // [point][patch][filter]
    let mut products = Scratch::take(POINTS * count * filters);
    mode.chunks(&mut products, count * filters, |point, target| {
        let rows_of = |rows: Range<usize>| {
            let mut next = rows.clone();
            Rows::new(rows.len(), 1, channels, job.instructions.rows(), |slots| {
                if let Some(row) = next.next() {
                    slots.set(0, &transformed[row * stride + point * channels..]);
                }
            })
        };
        let plain = Epilogue { bias: None, residual: None, activation: Activation::NONE };
        let layout = Layout { stride: filters, offset: 0 };
        product(Mode::Sequential, rows_of, channels, &packed.points[point], target, layout, plain, job.instructions);
    });
    let products = &*products;
    mode.tasks(count, |index| {
        let targets = job.targets(&job.patch(patches.start + index));
        backward(job, &products[index * filters..], count * filters, &targets, y);
    });
}

//! 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3) (Lavin and Gray, arXiv 1509.09308): each 6x6
//! patch of input gives 4x4 outputs with 36 products a channel in the place of 144. A block of patches is transformed into
//! 36 matrices [patch][channel], each is multiplied with its matrix of transformed weights, and the products are
//! transformed back.

use super::elementwise::clamp;
use crate::error::Result;
use crate::gemm::{Epilogue, Instructions, Layout, Output, PANEL, Packed, Rows, product};
use crate::program::{Activation, Conv, Extent};
use crate::scratch::Scratch;
use crate::stored::Stored;
use crate::threads::Mode;
use rayon::prelude::*;
use std::ops::Range;

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

/// Transformed weights, a matrix for each of the 36 points.
#[derive(Debug)]
pub struct PackedWinograd {
    points: Vec<Packed>,
}

/// Whether a convolution has the form, and the size at which it pays. Depends on nothing but the plan, so that an item
/// has the same result in any batch.
pub fn suits(conv: &Conv) -> bool {
    let Conv { window, input, output, .. } = conv;
    let is_plain = window.kernel == [3, 3] && window.strides == [1, 1] && window.dilations == [1, 1] && conv.groups == 1;
    let in_lanes = input.channels.is_multiple_of(LANES) && output.channels.is_multiple_of(LANES);
    let deep = input.channels >= 32 && output.channels >= 32 && input.channels * output.channels <= MAX_WEIGHT;
    is_plain && in_lanes && deep && output.height * output.width >= MIN_PIXELS
}

/// The points are 0, ±NEAR, ±FAR and infinity. Those of the paper (1 and 2) lose twice as much: the square mean error of
/// 256 channels is 3.1e-6 of the outputs with them, 1.5e-6 with these, 0.9e-6 in the direct form (goldens/winograd_points.py).
const NEAR: f32 = 0.75;
const FAR: f32 = 1.5;
const NEAR2: f32 = NEAR * NEAR;
const FAR2: f32 = FAR * FAR;

/// G of the paper, by rows: the values of a filter at the points, divided by what the other points leave.
fn filter_transform() -> [[f64; KERNEL]; IN] {
    let [near, far] = [NEAR, FAR].map(f64::from);
    let at = |point: f64, other: f64| {
        let divisor = 2.0 * point * point * (point * point - other * other);
        [1.0 / divisor, point / divisor, point * point / divisor]
    };
    let origin = [1.0 / (near * near * far * far), 0.0, 0.0];
    [origin, at(near, far), at(-near, far), at(far, near), at(-far, near), [0.0, 0.0, 1.0]]
}

impl PackedWinograd {
    /// From `[filter][3][3][channel]`: G g Gᵀ in float64, by all threads of the pool that this runs in.
    pub fn new(conv: &Conv, weight: Stored) -> Result<Self> {
        let (channels, filters) = (conv.input.channels, conv.output.channels);
        let plain = if [[1, 1], [channels, TAPS]].contains(&weight.turn()) { Vec::new() } else { weight.to_vec()? };
        let weight = if plain.is_empty() { weight } else { Stored::plain(&plain) };
        let mut points = (0..POINTS).map(|_| Packed::empty(channels, filters)).collect::<Result<Vec<_>>>()?;
        let mut panels: Vec<Vec<&mut [f32]>> = (0..filters.div_ceil(PANEL)).map(|_| Vec::with_capacity(POINTS)).collect();
        for point in &mut points {
            point.panels_mut().zip(&mut panels).for_each(|(panel, all)| all.push(panel));
        }
        panels.par_iter_mut().enumerate().for_each(|(index, all)| transform_filters(weight, channels, index * PANEL, all));
        for index in 1..POINTS {
            let (before, rest) = points.split_at_mut(index);
            before[index - 1].precedes(&rest[0]);
        }
        Ok(PackedWinograd { points })
    }
}

/// Filters `first …` of a panel, channel by channel, to the panels of all points.
fn transform_filters(weight: Stored, channels: usize, first: usize, panels: &mut [&mut [f32]]) {
    let g = filter_transform();
    let [tap_stride, channel_stride] = if weight.turn() == [1, 1] { [channels, 1] } else { [1, TAPS] };
    for channel in 0..channels {
        let start = first * TAPS * channels + channel * channel_stride;
        let taps: [[f64; PANEL]; TAPS] = std::array::from_fn(|tap| {
            std::array::from_fn(|filter| f64::from(weight.at(start + tap * tap_stride + filter * TAPS * channels)))
        });
        let half: [[[f64; PANEL]; KERNEL]; IN] = std::array::from_fn(|row| {
            std::array::from_fn(|column| combine(&g[row], [column, column + KERNEL, column + 2 * KERNEL].map(|tap| &taps[tap])))
        });
        for (point, panel) in panels.iter_mut().enumerate() {
            let sums = combine(&g[point % IN], std::array::from_fn(|column| &half[point / IN][column]));
            let target = &mut panel[channel * PANEL..][..PANEL];
            target.iter_mut().zip(sums).for_each(|(target, sum)| *target = sum as f32);
        }
    }
}

#[inline(always)]
fn combine(factors: &[f64; KERNEL], lines: [&[f64; PANEL]; KERNEL]) -> [f64; PANEL] {
    std::array::from_fn(|lane| factors[0] * lines[0][lane] + factors[1] * lines[1][lane] + factors[2] * lines[2][lane])
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

fn forward(job: &Job, pixels: &[[&[f32]; IN]; IN], target: &mut [f32]) {
    match job.instructions {
        // SAFETY: `Instructions::detect` found AVX-512F.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { forward_avx512(pixels, target) },
        // SAFETY: `Instructions::detect` found AVX2 and FMA.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { forward_avx2(pixels, target) },
        // Vectors of 4 are in the base set of aarch64, so the compiler makes NEON of these loops by itself.
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => forward_with(pixels, target),
        Instructions::Portable => forward_with(pixels, target),
    }
}

/// # Safety
/// The CPU has AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn forward_avx512(pixels: &[[&[f32]; IN]; IN], target: &mut [f32]) {
    forward_with(pixels, target);
}

/// # Safety
/// The CPU has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn forward_avx2(pixels: &[[&[f32]; IN]; IN], target: &mut [f32]) {
    forward_with(pixels, target);
}

/// Bᵀ d B of a patch, to `[point][channel]`.
#[inline(always)]
fn forward_with(pixels: &[[&[f32]; IN]; IN], target: &mut [f32]) {
    let channels = pixels[0][0].len();
    for start in (0..channels).step_by(LANES) {
        let mut half = [[[0.0; LANES]; IN]; IN];
        for column in 0..IN {
            let lanes = std::array::from_fn(|row| load(&pixels[row][column][start..]));
            for (row, lane) in forward_line(&lanes).into_iter().enumerate() {
                half[row][column] = lane;
            }
        }
        for (row, half) in half.iter().enumerate() {
            for (column, lane) in forward_line(half).into_iter().enumerate() {
                target[(row * IN + column) * channels + start..][..LANES].copy_from_slice(&lane);
            }
        }
    }
}

/// Bᵀ d of the paper for one column.
#[inline(always)]
fn forward_line(d: &[Lane; IN]) -> [Lane; IN] {
    let mut out = [[0.0; LANES]; IN];
    for lane in 0..LANES {
        let [d0, d1, d2, d3, d4, d5] = [d[0][lane], d[1][lane], d[2][lane], d[3][lane], d[4][lane], d[5][lane]];
        let (even, odd) = (d4 - FAR2 * d2, NEAR * (d3 - FAR2 * d1));
        let (even_far, odd_far) = (d4 - NEAR2 * d2, FAR * (d3 - NEAR2 * d1));
        let ends = |d0: f32, d2: f32, d4: f32| NEAR2 * FAR2 * d0 - (NEAR2 + FAR2) * d2 + d4;
        let lanes = [ends(d0, d2, d4), even + odd, even - odd, even_far + odd_far, even_far - odd_far, ends(d1, d3, d5)];
        for (out, value) in out.iter_mut().zip(lanes) {
            out[lane] = value;
        }
    }
    out
}

fn backward(job: &Job, products: &[f32], stride: usize, targets: &[[Option<usize>; OUT]; OUT], y: Output) {
    match job.instructions {
        // SAFETY: `Instructions::detect` found AVX-512F.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { backward_avx512(job, products, stride, targets, y) },
        // SAFETY: `Instructions::detect` found AVX2 and FMA.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { backward_avx2(job, products, stride, targets, y) },
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => backward_with(job, products, stride, targets, y),
        Instructions::Portable => backward_with(job, products, stride, targets, y),
    }
}

/// # Safety
/// The CPU has AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn backward_avx512(job: &Job, products: &[f32], stride: usize, targets: &[[Option<usize>; OUT]; OUT], y: Output) {
    backward_with(job, products, stride, targets, y);
}

/// # Safety
/// The CPU has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn backward_avx2(job: &Job, products: &[f32], stride: usize, targets: &[[Option<usize>; OUT]; OUT], y: Output) {
    backward_with(job, products, stride, targets, y);
}

/// Aᵀ m A of a patch, whose points lie `stride` apart in `products`; then bias, residual and activation.
#[inline(always)]
fn backward_with(job: &Job, products: &[f32], stride: usize, targets: &[[Option<usize>; OUT]; OUT], y: Output) {
    for start in (0..job.conv.output.channels).step_by(LANES) {
        let mut half = [[[0.0; LANES]; IN]; OUT];
        for column in 0..IN {
            let lanes = std::array::from_fn(|row| load(&products[(row * IN + column) * stride + start..]));
            for (row, lane) in backward_line(&lanes).into_iter().enumerate() {
                half[row][column] = lane;
            }
        }
        let bias = job.bias.map_or([0.0; LANES], |bias| load(&bias[start..]));
        for (half, targets) in half.iter().zip(targets) {
            for (lane, target) in backward_line(half).iter().zip(targets) {
                let Some(target) = target else { continue };
                let residual = job.residual.map_or([0.0; LANES], |residual| load(&residual[target + start..]));
                // SAFETY: the outputs of a patch belong to no other patch.
                let to = unsafe { y.part(target + start, LANES) };
                finish(job.conv.activation, lane, &bias, &residual, to);
            }
        }
    }
}

#[inline(always)]
fn finish(activation: Activation, sums: &Lane, bias: &Lane, residual: &Lane, to: &mut [f32]) {
    let (low, high) = activation.clamp();
    for (lane, to) in to.iter_mut().enumerate() {
        *to = clamp(sums[lane] + bias[lane] + residual[lane], low, high);
    }
    activation.finish(to);
}

/// Aᵀ m of the paper for one column.
#[inline(always)]
fn backward_line(m: &[Lane; IN]) -> [Lane; OUT] {
    let mut out = [[0.0; LANES]; OUT];
    for lane in 0..LANES {
        let [m0, m1, m2, m3, m4, m5] = [m[0][lane], m[1][lane], m[2][lane], m[3][lane], m[4][lane], m[5][lane]];
        let (near, near_odd, far, far_odd) = (m1 + m2, NEAR * (m1 - m2), m3 + m4, FAR * (m3 - m4));
        let lanes = [m0 + near + far, near_odd + far_odd, NEAR2 * near + FAR2 * far, NEAR2 * near_odd + FAR2 * far_odd + m5];
        for (out, value) in out.iter_mut().zip(lanes) {
            out[lane] = value;
        }
    }
    out
}

#[inline(always)]
fn load(floats: &[f32]) -> Lane {
    let mut lane = [0.0; LANES];
    lane.copy_from_slice(&floats[..LANES]);
    lane
}
